package mocks_test

import (
	"context"
	"fmt"
	"net/smtp"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// A message to a synthetic person arrives in the person's mailbox.
func Example() {
	config := mocks.Config{Seed: workload.Seed{Value: 2020}, Opens: time.Date(2020, 4, 11, 12, 0, 0, 0, time.UTC)}
	running, err := mocks.Start(context.Background(), config)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = running.Close() }()
	running.Begin(time.Now(), workload.Clock{})

	address := population.New(config.Seed, config.Opens, config.Shares).Form(42, 1).Email
	message := []byte("Subject: Verifikasi\r\n\r\nkode 1234\r\n")
	if err := smtp.SendMail(running.Addresses()["mail-smtp"], nil, "noreply@daftar.example", []string{address}, message); err != nil {
		fmt.Println(err)
		return
	}
	status, _, err := fasthttp.Get(nil, "http://"+running.Addresses()["mail"]+"/mailboxes/"+address+"/messages")
	fmt.Println(status, err, running.MailCounts().Delivered)
	// Output: 200 <nil> 1
}

// A queue has one server that takes a second, so three simultaneous requests are done after 1, 2 and 3 s.
func ExampleQueue() {
	service := workload.Service{ServiceTime: workload.ConstantTime(time.Second)}
	stream := workload.Seed{Value: 1}.Stream(workload.NewPurpose("example"), 0, 0, 0)
	queue, err := mocks.NewQueue(service, time.Time{}, stream)
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 3 {
		queue.Arrive(0, 0, fault.NoEffect())
	}
	for _, visit := range queue.Advance(time.Minute) {
		fmt.Println(visit.End)
	}
	// Output:
	// 1s
	// 2s
	// 3s
}
