package loadgen

import (
	"bytes"
	"time"

	"github.com/valyala/fasthttp"
)

// cookie is what a person keeps of one target. Its path and domain are not looked at: it goes back
// to the target it came from, with every request.
type cookie struct {
	client      int
	name, value string
}

// setCookies returns the jar as the answer changes it; the jar itself is left as it was.
func setCookies(jar []cookie, client int, resp *fasthttp.Response, now time.Time) []cookie {
	changed := false
	for _, text := range resp.Header.Cookies() {
		var set fasthttp.Cookie
		if set.ParseBytes(text) != nil || len(set.Key()) == 0 {
			continue
		}
		if !changed {
			jar, changed = append([]cookie(nil), jar...), true
		}
		jar = without(jar, client, string(set.Key()))
		gone := bytes.Contains(bytes.ToLower(text), []byte("max-age=0")) || !set.Expire().Equal(fasthttp.CookieExpireUnlimited) && set.Expire().Before(now)
		if !gone {
			jar = append(jar, cookie{client, string(set.Key()), string(set.Value())})
		}
	}
	return jar
}

func without(jar []cookie, client int, name string) []cookie {
	for i, kept := range jar {
		if kept.client == client && kept.name == name {
			return append(jar[:i], jar[i+1:]...)
		}
	}
	return jar
}

// sendCookies puts the target's cookies into a request.
func sendCookies(jar []cookie, client int, req *fasthttp.Request) {
	for _, kept := range jar {
		if kept.client == client {
			req.Header.SetCookie(kept.name, kept.value)
		}
	}
}
