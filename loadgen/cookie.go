package loadgen

import (
	"bytes"
	"time"

	"github.com/valyala/fasthttp"
)

// cookie is a cookie that a person has from one target. Its path and domain are ignored: it is sent back to that
// target with every request.
type cookie struct {
	client      int
	name, value string
}

// setCookies returns the jar with the cookies that the answer sets. It does not modify the jar.
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
