package backend_test

import "testing"

// TestAStrangersPhoneGetsNoCode signs a person up with another's phone. Whoever proves the address gives another one, and only
// that one is sent a code and proved.
func TestAStrangersPhoneGetsNoCode(t *testing.T) { onEach(t, aStrangersPhoneGetsNoCode) }

func aStrangersPhoneGetsNoCode(t *testing.T, location string) {
	const strangers, owners, next = "08123456789", "+62811000001", "+62811000002" // the first is that of sessionsOf
	s := startService(t, func(s *service) { s.config.Database = location })
	session := s.sessionsOf(1)[0]
	profile := func(more fields) answer {
		body := fields{"address": "Jalan 1", "education": "SMA", "occupation": "none"}
		for key, value := range more {
			body[key] = value
		}
		return s.sendJSON("PUT", "/v1/profile", session, body)
	}
	s.want("a code before a phone is given", s.post("/v1/otp", session, nil), 403, "phone_not_given")
	s.want("a profile without a phone", profile(nil), 200, "")
	s.want("a code to the stranger", s.post("/v1/otp", session, nil), 403, "phone_not_given")
	s.want("no phone", profile(fields{"phone": "call me"}), 422, "invalid")
	s.want("a name that is an address", profile(fields{"name": "www://x"}), 422, "invalid")
	s.want("the owner's phone and name", profile(fields{"phone": owners, "name": "Dewi"}), 200, "")
	to, code := <-s.numbers, <-s.codes
	if to != owners {
		t.Errorf("the code went to %s; want %s, the owner's, not %s", to, owners, strangers)
	}
	s.want("the code", s.post("/v1/otp/verifications", session, fields{"code": code}), 200, "")
	s.want("the same phone again", profile(fields{"phone": owners}), 200, "")
	if a := s.post("/v1/otp", session, nil); a.body != `{"status":"verified"}` {
		t.Errorf("the same phone again must stay proved: %s", a.body)
	}
	s.want("another phone", profile(fields{"phone": next}), 200, "")
	s.want("the code of the last phone", s.post("/v1/otp/verifications", session, fields{"code": code}), 410, "code_expired")
	want := `{"email":"p0@example.test","name":"Dewi","phone":"` + next + `","phone_given":true,"identity":"","profile":true,"photo":false,"selfie":false,"phone_verified":false,`
	if a := s.send("GET", "/v1/me", session, "", nil); len(a.body) < len(want) || a.body[:len(want)] != want {
		t.Errorf("me: %s\nwant %s…", a.body, want)
	}
}
