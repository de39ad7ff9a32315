package registry

import "testing"

func TestScore(t *testing.T) {
	for field, want := range map[string]int{"Sesuai (100)": 100, "Tidak Sesuai (62)": 62, "Tidak Sesuai": 0, "": 0, "Sesuai (x)": 0, "Sesuai (999)": 0} {
		if got := score(field); got != want {
			t.Errorf("%q: %d; want %d", field, got, want)
		}
	}
}
