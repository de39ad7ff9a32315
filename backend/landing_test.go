package backend_test

import (
	"net/url"
	"strings"
	"testing"
)

// TestMailedLinkAsksForAClick checks that opening the link, as mail scanners do, does not use it up.
func TestMailedLinkAsksForAClick(t *testing.T) {
	s := startService(t, nil)
	s.want("sign-up", s.signUp("siti@example.test"), 202, "")
	_, token := s.nextMail()
	click := func() answer {
		return s.send("POST", "/verify", "", "application/x-www-form-urlencoded", []byte(url.Values{"token": {token}}.Encode()))
	}
	for range 2 {
		a := s.send("GET", "/verify?token="+url.QueryEscape(token), "", "", nil)
		if a.status != 200 || !strings.Contains(a.body, `value="`+token+`"`) || !strings.HasSuffix(a.header["Content-Security-Policy"], "form-action 'self'") {
			t.Errorf("the page is %v", a)
		}
	}
	if a := click(); a.status != 200 || !strings.Contains(a.body, "is confirmed") {
		t.Errorf("the click is answered with %v", a)
	}
	if a := click(); a.status != 410 || !strings.Contains(a.body, "no longer works") {
		t.Errorf("the second click is answered with %v", a)
	}
	s.want("the link after the click", s.post("/v1/email-verifications", "", fields{"token": token}), 410, "link_used_or_expired")
	if a := s.send("GET", "/verify?token="+url.QueryEscape(`"><script>`), "", "", nil); strings.Contains(a.body, "<script>") {
		t.Errorf("the page repeats markup: %s", a.body)
	}
}
