package population_test

import (
	"testing"

	"github.com/ombak-sim/ombak/population"
)

func FuzzIndexOfNIK(f *testing.F) {
	p := busy(1)
	for _, index := range []uint64{0, 97_020*4 - 1, population.Size - 1} {
		f.Add(p.Form(index, 1).NIK)
	}
	f.Add("4070010101010001") // regency 70 does not exist
	f.Add("3273011501900001") // Bandung is real
	f.Fuzz(func(t *testing.T, nik string) {
		index, ok := population.IndexOfNIK(nik)
		if ok && index >= population.Size {
			t.Fatalf("%q leads to %d", nik, index)
		}
		if !ok {
			return
		}
		if own := p.Person(index).NIK; own[:6] != firstDigits(nik, 6) {
			t.Fatalf("%q leads to %d whose NIK is %s", nik, index, own)
		}
		if owner, owned := p.Owner(nik); owned && (owner != index || firstDigits(nik, 16) != p.Person(index).NIK) {
			t.Fatalf("%q belongs to %d", nik, owner)
		}
	})
}

func firstDigits(text string, n int) string {
	digits := make([]byte, 0, n)
	for i := 0; i < len(text) && len(digits) < n; i++ {
		if text[i] >= '0' && text[i] <= '9' {
			digits = append(digits, text[i])
		}
	}
	return string(digits)
}

func FuzzIndexOfEmail(f *testing.F) {
	p := busy(1)
	for _, index := range []uint64{0, 12, population.Size - 1} {
		for _, locale := range population.Locales() {
			f.Add(p.In(locale).Form(index, 1).Email)
		}
	}
	f.Add("a007@posel.example")
	f.Add("a99999999999999999999@posel.example")
	f.Add("@")
	f.Fuzz(func(t *testing.T, address string) {
		index, ok := population.IndexOfEmail(address)
		if ok && index >= population.Size || !ok && population.Deliverable(address) {
			t.Fatalf("%q leads to %d, %v", address, index, ok)
		}
	})
}

func FuzzIndexOfPhone(f *testing.F) {
	p := busy(1)
	for _, index := range []uint64{0, 12, population.Size - 1} {
		for _, locale := range population.Locales() {
			f.Add(p.In(locale).Form(index, 1).Phone)
		}
	}
	f.Add("0840 999-999-999")
	f.Add("++62")
	f.Fuzz(func(t *testing.T, phone string) {
		index, ok := population.IndexOfPhone(phone)
		if ok && index >= population.Size || !ok && population.Rings(phone) {
			t.Fatalf("%q leads to %d, %v", phone, index, ok)
		}
	})
}
