package registry

import "testing"

func FuzzTraceparent(f *testing.F) {
	for _, seed := range []string{"", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if isTraceparent(text) && (len(text) != 55 || text[36:52] == "0000000000000000" || text[3:35] == "00000000000000000000000000000000") {
			t.Errorf("%q is not a valid header", text)
		}
	})
}
