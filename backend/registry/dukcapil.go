package registry

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/resilience"
)

// Dukcapil is the population registry.
type Dukcapil struct {
	*Client
	account DukcapilConfig
	answers *answers[Verdict] // nil if answers are not cached
}

// DukcapilName is the registry's kind of dependency.
const DukcapilName = "dukcapil"

// NewDukcapil returns the client of the population registry, or nil if no address is configured.
func NewDukcapil(config DukcapilConfig, observer Observer) (*Dukcapil, error) {
	if config.URL == "" {
		return nil, nil
	}
	client, err := newClient(DukcapilName, config.Config, observer)
	if err != nil {
		return nil, err
	}
	return &Dukcapil{client, config, newAnswers[Verdict](client.protection.cache)}, nil
}

// Change gives a policy in front of the calls other settings, or switches it off or on. It reports whether there is such a
// policy.
func (d *Dukcapil) Change(to resilience.Config, on bool) bool {
	return changePolicy(d.Client, d.answers, to, on)
}

// Person is the person to look up in Dukcapil.
type Person struct {
	NIK, KK, Name string
	Birth         time.Time
}

// verifyQuestion is the request of CALL_VERIFY_BY_ELEMEN. TRESHOLD is the spelling of the protocol.
type verifyQuestion struct {
	User      string `json:"USER_ID"`
	Password  string `json:"PASSWORD"`
	IP        string `json:"IP_USER"`
	Threshold int    `json:"TRESHOLD"`
	NIK       string `json:"NIK"`
	KK        string `json:"NO_KK"`
	Name      string `json:"NAMA_LGKP"`
	BirthDate string `json:"TGL_LHR"` // dd-mm-yyyy
}

// verifyAnswer holds one row of matches, or one row with only a text.
type verifyAnswer struct {
	Content []verifyRow `json:"content"`
}

type verifyRow struct {
	Text      string `json:"RESPON"`
	NIK       string `json:"NIK"`
	Name      string `json:"NAMA_LGKP"`
	BirthDate string `json:"TGL_LHR"`
}

// Verdict is the registry's decision about a person, as a code of the service's answer.
type Verdict string

// The verdicts.

const (
	Matched    Verdict = "verified"
	NotMatched Verdict = "not_matched"
	NotFound   Verdict = "not_found"
	Deceased   Verdict = "deceased"
	Duplicate  Verdict = "duplicate"
	Inactive   Verdict = "inactive"
)

// Verify asks whether NIK, birth date and name belong to one person.
func (d *Dukcapil) Verify(ctx context.Context, person Person) (Verdict, error) {
	return d.answers.get(ctx, func() (Verdict, error) { return d.check(ctx, person) }, person.NIK, person.KK, person.Birth.Format(time.DateOnly), person.Name)
}

// check makes the call, bypassing the cache.
func (d *Dukcapil) check(ctx context.Context, person Person) (Verdict, error) {
	question := verifyQuestion{
		User: d.account.User, Password: d.account.Password, IP: d.account.IP, Threshold: d.account.Threshold,
		NIK: person.NIK, KK: person.KK, Name: person.Name, BirthDate: person.Birth.Format("02-01-2006"),
	}
	var answer verifyAnswer
	var said Verdict
	judge := func() (err error) {
		if len(answer.Content) == 0 {
			return d.callFailed("the answer is empty", 0)
		}
		said, err = d.judge(answer.Content[0])
		return err
	}
	err := d.post(ctx, question, &answer, judge, "dukcapil", "get_json", d.account.Institution, "CALL_VERIFY_BY_ELEMEN")
	return said, err
}

// judge reads one row. A text that is not about the person is a failure of the registry.
func (d *Dukcapil) judge(row verifyRow) (Verdict, error) {
	switch text := strings.TrimSpace(row.Text); text {
	case "":
		if agrees(row.NIK) && agrees(row.BirthDate) && score(row.Name) >= d.account.Threshold {
			return Matched, nil
		}
		return NotMatched, nil
	case "Data Not Found":
		return NotFound, nil
	case "Customer Meninggal Dunia":
		return Deceased, nil
	case "Data Ganda":
		return Duplicate, nil
	case "Data Inactive":
		return Inactive, nil
	case "Kuota Akses Hari Ini Telah Habis":
		return "", d.callFailed("the daily quota is used up", time.Minute)
	case "IP Tidak Sesuai", "User ID Tidak Aktif", "Instansi Tidak Aktif", "Login Gagal", "Parameter Tidak Lengkap":
		return "", d.callFailed(text, time.Minute)
	default:
		return "", d.callFailed("an unknown answer", 0)
	}
}

// agrees reports whether a field reads "Sesuai (100)" or similar, and not "Tidak Sesuai".
func agrees(field string) bool { return strings.HasPrefix(field, "Sesuai") }

// score returns the number in "Sesuai (100)" or "Tidak Sesuai (62)", or 0 if there is none.
func score(field string) int {
	_, rest, _ := strings.Cut(field, "(")
	digits, _, _ := strings.Cut(rest, ")")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 || n > 100 {
		return 0
	}
	return n
}
