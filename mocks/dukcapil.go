package mocks

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload/fault"
)

// Texts of Dukcapil that stand alone in a RESPON.
const (
	dataNotFound       = "Data Not Found"
	dataDeceased       = "Customer Meninggal Dunia"
	dataDuplicate      = "Data Ganda"
	dataInactive       = "Data Inactive"
	quotaText          = "Kuota Akses Hari Ini Telah Habis"
	loginFailed        = "Login Gagal"
	addressWrong       = "IP Tidak Sesuai"
	userInactive       = "User ID Tidak Aktif"
	institutionInvalid = "Instansi Tidak Aktif"
	incomplete         = "Parameter Tidak Lengkap"
)

// dukcapil answers CALL_VERIFY_BY_ELEMEN.
type dukcapil struct {
	context context.Context
	config  Dukcapil
	people  population.Population
	station *Station
}

// query is the request of a caller. Other fields are ignored.
type query struct {
	User       text `json:"USER_ID"`
	Password   text `json:"PASSWORD"`
	Address    text `json:"IP_USER"`
	Threshold  text `json:"TRESHOLD"`
	NIK        text `json:"NIK"`
	KK         text `json:"NO_KK"`
	Name       text `json:"NAMA_LGKP"`
	BirthPlace text `json:"TMPT_LHR"`
	BirthDate  text `json:"TGL_LHR"` // dd-mm-yyyy
	Sex        text `json:"JENIS_KLMIN"`
}

// text is a JSON string, or a number without quotes.
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		return json.Unmarshal(data, (*string)(t))
	}
	if string(data) != "null" {
		*t = text(data)
	}
	return nil
}

// row is one row of content: either RESPON alone, or a verdict for each requested field.
type row struct {
	Response   string `json:"RESPON,omitempty"`
	NIK        string `json:"NIK,omitempty"`
	KK         string `json:"NO_KK,omitempty"`
	Name       string `json:"NAMA_LGKP,omitempty"`
	BirthPlace string `json:"TMPT_LHR,omitempty"`
	BirthDate  string `json:"TGL_LHR,omitempty"`
	Sex        string `json:"JENIS_KLMIN,omitempty"`
}

// page wraps the rows.
type page struct {
	Content   []row `json:"content"`
	LastPage  bool  `json:"lastPage"`
	FirstPage bool  `json:"firstPage"`
	Elements  int   `json:"numberOfElements"`
	Total     int   `json:"totalElements"`
	Number    int   `json:"number"`
	Size      int   `json:"size"`
}

func (d *dukcapil) handle(ctx *fasthttp.RequestCtx) {
	institution, found := institutionOf(string(ctx.Path()))
	switch {
	case !found:
		fail(ctx, fasthttp.StatusNotFound, "use POST /dukcapil/get_json/{institution}/CALL_VERIFY_BY_ELEMEN")
		return
	case !ctx.IsPost():
		fail(ctx, fasthttp.StatusMethodNotAllowed, "use POST")
		return
	}
	var query query
	if err := json.Unmarshal(ctx.PostBody(), &query); err != nil {
		reply(ctx, row{Response: incomplete})
		return
	}
	if response := d.admit(institution, query); response != "" {
		reply(ctx, row{Response: response})
		return
	}
	refusal, err := d.station.Visit(d.context, ctx.Conn())
	switch {
	case err != nil:
		stopped(ctx)
	case refusal == QuotaUsedUp:
		reply(ctx, row{Response: quotaText})
	case refusal != Served:
		refuse(ctx, refusal)
	default:
		reply(ctx, d.verify(query, isStale(ctx)))
	}
}

func institutionOf(path string) (string, bool) {
	rest, begins := strings.CutPrefix(path, "/dukcapil/get_json/")
	institution, ends := strings.CutSuffix(rest, "/CALL_VERIFY_BY_ELEMEN")
	return institution, begins && ends && institution != "" && !strings.Contains(institution, "/")
}

// admit returns the reason why the gateway rejects a query before it reaches the registry's queue, or "".
func (d *dukcapil) admit(institution string, query query) string {
	_, err := query.threshold()
	switch {
	case query.User == "" || query.Password == "" || query.Address == "" || query.NIK == "" || err != nil:
		return incomplete
	case d.config.User != "" && string(query.User) != d.config.User,
		d.config.Password != "" && string(query.Password) != d.config.Password:
		return loginFailed
	case d.config.Institution != "" && institution != d.config.Institution, slices.Contains(d.config.Inactive, institution):
		return institutionInvalid
	case slices.Contains(d.config.Inactive, string(query.User)):
		return userInactive
	case d.config.Address != "" && string(query.Address) != d.config.Address:
		return addressWrong
	}
	return ""
}

// threshold returns the minimum score, 0 to 100, at which a name matches.
func (q query) threshold() (int, error) {
	score, err := strconv.Atoi(strings.TrimSpace(string(q.Threshold)))
	if err == nil && (score < 0 || score > 100) {
		err = fmt.Errorf("TRESHOLD is %d; it must be between 0 and 100", score)
	}
	return score, err
}

// outage answers like the failing registry: with an error status, or with a text and status 200.
func (d *dukcapil) outage(ctx *fasthttp.RequestCtx, strike fault.Strike) {
	if strike.Text == "" {
		failFor(ctx, strike)
		return
	}
	reply(ctx, row{Response: strike.Text})
}

// verify compares a query with the record of the person with its NIK. A stale record holds the household's
// previous family card.
func (d *dukcapil) verify(query query, stale bool) row {
	index, owned := d.people.Owner(string(query.NIK))
	if !owned {
		return row{Response: dataNotFound}
	}
	record := d.people.Record(index)
	switch record.State {
	case population.NotFound:
		return row{Response: dataNotFound}
	case population.Deceased:
		return row{Response: dataDeceased}
	case population.Duplicate:
		return row{Response: dataDuplicate}
	case population.Inactive:
		return row{Response: dataInactive}
	}
	if stale {
		record.KK = ""
	}
	return query.compare(record.Identity)
}

func (q query) compare(held population.Identity) row {
	threshold, _ := q.threshold() // admit has checked it
	return row{
		NIK:        exact(q.NIK, true),
		KK:         exact(q.KK, string(q.KK) == held.KK),
		Name:       scored(q.Name, held.Name, threshold),
		BirthPlace: scored(q.BirthPlace, held.BirthPlace, threshold),
		BirthDate:  exact(q.BirthDate, string(q.BirthDate) == held.BirthDate.Format("02-01-2006")),
		Sex:        exact(q.Sex, strings.HasPrefix(sexOf(held), strings.ToUpper(string(q.Sex)))),
	}
}

// sexOf returns the registry's word for the sex. Callers may send its beginning.
func sexOf(held population.Identity) string {
	if held.Woman {
		return "PEREMPUAN"
	}
	return "LAKI-LAKI"
}

// exact returns the verdict on a field that either matches or does not, or "" if it was not requested.
func exact(asked text, agrees bool) string {
	switch {
	case asked == "":
		return ""
	case agrees:
		return "Sesuai (100)"
	}
	return "Tidak Sesuai"
}

// scored returns the verdict on a text that matches from a minimum score.
func scored(asked text, held string, threshold int) string {
	if asked == "" {
		return ""
	}
	score := similarity(string(asked), held)
	if score < threshold {
		return fmt.Sprintf("Tidak Sesuai (%d)", score)
	}
	return fmt.Sprintf("Sesuai (%d)", score)
}

func reply(ctx *fasthttp.RequestCtx, only row) {
	answer(ctx, fasthttp.StatusOK, page{Content: []row{only}, LastPage: true, FirstPage: true, Elements: 1, Total: 1, Size: 1})
}
