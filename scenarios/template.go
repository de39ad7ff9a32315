package scenarios

import _ "embed"

//go:embed template.txt
var template []byte

// Template returns a commented scenario file to start from.
func Template() []byte { return append([]byte(nil), template...) }
