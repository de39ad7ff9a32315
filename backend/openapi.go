package backend

import (
	_ "embed"

	"github.com/valyala/fasthttp"
)

// openAPIDocument describes every route.
//
//go:embed openapi.json
var openAPIDocument []byte

// OpenAPI returns the OpenAPI document of every route.
func OpenAPI() []byte { return openAPIDocument }

// jsonText is a body that is already JSON.
type jsonText []byte

func (t jsonText) MarshalJSON() ([]byte, error) { return t, nil }

func (s *Server) openAPI(*fasthttp.RequestCtx) (reply, error) {
	return reply{fasthttp.StatusOK, jsonText(openAPIDocument)}, nil
}
