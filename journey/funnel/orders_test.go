package funnel_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Who orders gets the answer to the own order, and none after the end.
func TestOrdersAreAnswered(t *testing.T) {
	orders, refused := funnel.NewOrders(), errors.New("refused")
	played := make(chan struct{})
	go func() { // the goroutine that plays
		defer close(played)
		for range 2 {
			order := <-orders.Given()
			if order.Do == funnel.Hold {
				order.Answer(time.Second, nil)
			} else {
				order.Answer(0, refused)
			}
		}
	}()
	if at, err := orders.Act(t.Context(), funnel.Action{Do: funnel.Hold}); at != time.Second || err != nil {
		t.Errorf("an order that is done gives %v, %v", at, err)
	}
	if _, err := orders.Act(t.Context(), funnel.Action{Do: funnel.Stop}); !errors.Is(err, refused) {
		t.Errorf("an order that is refused gives %v", err)
	}
	<-played
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := orders.Act(gone, funnel.Action{Do: funnel.Hold}); !errors.Is(err, context.Canceled) {
		t.Errorf("who has left gets %v", err)
	}
	orders.Close()
	if _, err := orders.Act(t.Context(), funnel.Action{Do: funnel.Hold}); !errors.Is(err, funnel.ErrOver) {
		t.Errorf("an order after the end gives %v", err)
	}
}
