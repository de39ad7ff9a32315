package mocks

import (
	"math/rand/v2"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/workload"
)

// garbage replaces the body with noise of the same length.
func garbage(ctx *fasthttp.RequestCtx, seed workload.Seed) {
	stream := seed.Stream(workload.NewPurpose("mocks.garbage"), ctx.ID(), 0, 0)
	noise := rand.New(&stream)
	body := ctx.Response.Body()
	for i := range body {
		body[i] = byte(noise.Uint32())
	}
}
