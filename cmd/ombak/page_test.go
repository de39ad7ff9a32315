package main

import "testing"

func TestCommandLine(t *testing.T) {
	tests := []struct {
		why  string
		args []string
		want string
	}{
		{"where it writes does not matter", []string{"drill", "smoke", "--out", "x", "--quiet", "--seed", "7"}, "ombak drill smoke --seed 7"},
		{"nor when joined", []string{"drill", "--out=x", "--json", "smoke"}, "ombak drill smoke"},
		{"variables may be secret", []string{"load", "a.yaml", "--var", "TOKEN=s3cret", "--var=KEY=x=y"}, "ombak load a.yaml --var TOKEN=*** --var KEY=***"},
		{"so may a target's login", []string{"load", "a", "--target", "api=https://me:pw@example.org/x"}, "ombak load a --target api=https://***@example.org/x"},
		{"and the token of each of a fleet's servers", []string{"load", "a", "--fleet=nats://one@h:1,nats://two@i:2"}, "ombak load a --fleet nats://***@h:1,nats://***@i:2"},
		{"and the login of a receiver", []string{"drill", "--remote-write", "https://me:pw@h/w", "--otlp=http://me:pw@h"}, "ombak drill --remote-write https://***@h/w --otlp http://***@h"},
		{"and the token of a gate", []string{"load", "a", "--gate-url", "http://h", "--gate-token", "s3cret", "--gate-token=s4cret"}, "ombak load a --gate-url http://h --gate-token *** --gate-token ***"},
		{"a shell reads it back", []string{"drill", "--threshold", "lost == 0", "it's"}, `ombak drill --threshold 'lost == 0' 'it'\''s'`},
	}
	for _, test := range tests {
		if got := commandLine(test.args); got != test.want {
			t.Errorf("%s: %s, want %s", test.why, got, test.want)
		}
	}
}
