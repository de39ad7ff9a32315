package population

import "fmt"

// Shares holds how many people have each trait that mattered in the surge of 2020. Each field is a share of all people,
// from 0 to 1.
type Shares struct {
	Minors   float64 `yaml:"minors" json:"minors"`     // younger than 18 when registration opens
	Pupils   float64 `yaml:"pupils" json:"pupils"`     // active at a school; as far as they fit, among the minors
	Students float64 `yaml:"students" json:"students"` // active at a college; adults
	Welfare  float64 `yaml:"welfare" json:"welfare"`   // in a household that receives social aid (DTKS)

	MistypedEmail float64 `yaml:"mistyped_email" json:"mistyped_email"` // types a wrong domain, so that mail never arrives
	FullMailbox   float64 `yaml:"full_mailbox" json:"full_mailbox"`     // the mail server refuses mail for them
	SpamFolder    float64 `yaml:"spam_folder" json:"spam_folder"`       // mail arrives where they do not look
	MistypedNIK   float64 `yaml:"mistyped_nik" json:"mistyped_nik"`     // one digit of the first submission is wrong
	MistypedPhone float64 `yaml:"mistyped_phone" json:"mistyped_phone"` // one digit of the first submission is wrong

	NotFound  float64 `yaml:"not_found" json:"not_found"` // the registry does not know the NIK
	Deceased  float64 `yaml:"deceased" json:"deceased"`   // the registry lists them as dead
	Duplicate float64 `yaml:"duplicate" json:"duplicate"` // the registry holds them twice (Data Ganda)
	Inactive  float64 `yaml:"inactive" json:"inactive"`   // the registry has deactivated the record
	Mismatch  float64 `yaml:"mismatch" json:"mismatch"`   // the registry holds another name or birth date, for good
}

// DefaultShares returns our assumption (inferred). The press named full mailboxes, spam folders, mistyped addresses and
// wrong NIK digits as causes, but no shares. Of those registered, 74.23 % verified their e-mail. The shares of mail here
// explain a part of the others, and people who gave up explain the rest.
func DefaultShares() Shares {
	return Shares{
		Minors: 0.03, Pupils: 0.025, Students: 0.06, Welfare: 0.15,
		MistypedEmail: 0.05, FullMailbox: 0.03, SpamFolder: 0.06, MistypedNIK: 0.05, MistypedPhone: 0.02,
		NotFound: 0.01, Deceased: 0.0005, Duplicate: 0.005, Inactive: 0.005, Mismatch: 0.03,
	}
}

// named is one share with the name it has in a scenario file.
type named struct {
	name  string
	share float64
}

func (s Shares) mail() []named {
	return []named{{"mistyped_email", s.MistypedEmail}, {"full_mailbox", s.FullMailbox}, {"spam_folder", s.SpamFolder}}
}

func (s Shares) records() []named {
	return []named{
		{"not_found", s.NotFound},
		{"deceased", s.Deceased},
		{"duplicate", s.Duplicate},
		{"inactive", s.Inactive},
		{"mismatch", s.Mismatch},
	}
}

func (s Shares) others() []named {
	return []named{
		{"minors", s.Minors},
		{"pupils", s.Pupils},
		{"students", s.Students},
		{"welfare", s.Welfare},
		{"mistyped_nik", s.MistypedNIK},
		{"mistyped_phone", s.MistypedPhone},
	}
}

// Validate returns the first mistake, with the field and what to do. The problems of mail exclude each other, and so do the
// states of a record: their shares must not exceed 1 together.
func (s Shares) Validate() error {
	for _, group := range [][]named{s.others(), s.mail(), s.records()} {
		for _, field := range group {
			if !(field.share >= 0 && field.share <= 1) {
				return fmt.Errorf("%s is %v; it is a share of all people and must lie between 0 and 1", field.name, field.share)
			}
		}
	}
	if sum := total(s.mail()); sum > 1 {
		return fmt.Errorf("mistyped_email, full_mailbox and spam_folder add up to %v; lower one so that they stay within 1", sum)
	}
	if sum := total(s.records()); sum > 1 {
		return fmt.Errorf("not_found, deceased, duplicate, inactive and mismatch add up to %v; lower one so that they stay within 1", sum)
	}
	if taken := s.Minors + s.adultPupils(); taken+s.Students > 1+tolerance {
		return fmt.Errorf("students is %v, but minors and pupils leave only %v of the people; lower one of the three", s.Students, max(0, 1-taken))
	}
	return nil
}

const (
	tolerance = 1e-9 // of sums of shares, for rounding
	schooled  = 0.9  // largest share of minors who are pupils while there are adult pupils (inferred)
)

func total(fields []named) float64 {
	sum := 0.0
	for _, field := range fields {
		sum += field.share
	}
	return sum - tolerance
}

// minorPupils returns the share of all people who are both minor and pupil.
func (s Shares) minorPupils() float64 {
	return max(min(schooled*s.Minors, s.Pupils), s.Pupils-(1-s.Minors))
}

// adultPupils returns the share of all people who are pupils of 18 or 19 years.
func (s Shares) adultPupils() float64 { return s.Pupils - s.minorPupils() }
