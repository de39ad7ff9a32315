package outbox

// The languages of messages.
const (
	Indonesian = "id"
	English    = "en"
	India      = "in" // English as it is written in India
)

// Locales returns the languages that messages can have.
func Locales() []string { return []string{Indonesian, English, India} }

// words are the texts of mails and short messages in one language. Subject and sender are ASCII, because they stand in
// header fields.
type words struct {
	sender, subject     string
	dear, stranger      string // the greeting, and whom it greets if a name has no word to greet with
	open, enter, ignore string // before the link, before the code, and to those who did not sign up
	code                string // a short message, with the code as %s
}

// wordsOf returns the texts in a language, English if it is empty.
func wordsOf(locale string) words {
	switch locale {
	case Indonesian:
		return words{
			sender: "Pendaftaran", subject: "Konfirmasi alamat surel Anda",
			dear: "Yth.", stranger: "pendaftar",
			open: "buka tautan ini untuk mengonfirmasi alamat surel Anda:", enter: "atau masukkan kode ini:",
			ignore: "Jika Anda tidak mendaftar, abaikan surel ini.",
			code:   "%s adalah kode Anda. Jangan berikan kepada siapa pun.",
		}
	case India:
		return words{
			sender: "Registration", subject: "Kindly confirm your e-mail ID",
			dear: "Dear", stranger: "applicant",
			open: "kindly open this link to confirm your e-mail ID:", enter: "or enter this OTP:",
			ignore: "If you have not registered, kindly ignore this e-mail.",
			code:   "%s is your OTP for registration. Kindly do not share it with anyone.",
		}
	}
	return words{
		sender: "Registration", subject: "Confirm your e-mail address",
		dear: "Dear", stranger: "applicant",
		open: "open this link to confirm your e-mail address:", enter: "or enter this code:",
		ignore: "If you did not sign up, do nothing.",
		code:   "%s is your code. Do not share it with anyone.",
	}
}
