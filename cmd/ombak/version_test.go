package main

import "testing"

func TestVersionOf(t *testing.T) {
	for _, test := range []struct{ why, linked, module, want string }{
		{"a release", "1.2.3", "(devel)", "1.2.3"},
		{"installed by its tag", "", "v1.2.3", "1.2.3"},
		{"installed by the tag of a candidate", "", "v1.2.3-rc.1", "1.2.3-rc.1"},
		{"built in a folder", "", "(devel)", development},
		{"built from a commit", "", "v0.0.0-20261130114021-5d0823c9ab12", development},
		{"built from a commit after a tag", "", "v1.2.4-0.20261130114021-5d0823c9ab12", development},
		{"built from changed files", "", "v1.2.3+dirty", development},
		{"without a version", "", "", development},
	} {
		if got := versionOf(test.linked, test.module); got != test.want {
			t.Errorf("%s: %q, not %q", test.why, got, test.want)
		}
	}
}
