package population

// The parts of names in English-speaking countries, and places of birth. They are combined at random.
var (
	englishWomen = [...]string{
		"Emma", "Olivia", "Grace", "Hannah", "Charlotte", "Amelia", "Sophie", "Lucy", "Megan", "Rachel",
		"Victoria", "Abigail", "Eleanor", "Naomi", "Bethany", "Claire", "Diana", "Fiona", "Gemma", "Helen", "Imogen", "Jasmine",
		"Katherine", "Leah", "Matilda", "Nicole", "Paige", "Rosie", "Samantha", "Tessa", "Wendy", "Zoe",
	}
	englishMen = [...]string{
		"Oliver", "George", "Harry", "Jack", "Thomas", "William", "James", "Edward", "Daniel", "Matthew",
		"Samuel", "Benjamin", "Christopher", "Duncan", "Elliot", "Frederick", "Graham", "Henry", "Isaac", "Kenneth", "Liam", "Malcolm",
		"Nathan", "Owen", "Patrick", "Quentin", "Robert", "Stephen", "Timothy", "Victor", "Wesley", "Zachary",
	}
	englishLast = [...]string{
		"Smith", "Jones", "Williams", "Taylor", "Brown", "Davies", "Evans", "Wilson", "Thompson", "Johnson",
		"Robinson", "Wright", "Walker", "Hughes", "Edwards", "Green", "Jackson", "Clarke", "Harrison", "Morgan",
		"Patterson", "Campbell", "Mitchell", "Richardson", "Bennett", "Griffiths", "Murray", "Sinclair", "MacDonald", "Fraser",
		"Tremblay", "Gagnon", "Bouchard", "Singh", "Patel", "Khan", "Nguyen", "Okafor", "Kowalski", "Fitzgerald",
	}
	englishPlaces = [...]string{
		"London", "Birmingham", "Manchester", "Leeds", "Glasgow", "Edinburgh", "Cardiff", "Belfast", "Bristol", "Liverpool",
		"Sheffield", "Newcastle", "Nottingham", "Toronto", "Montreal", "Vancouver", "Calgary", "Ottawa", "Winnipeg", "Halifax",
		"New York", "Chicago", "Houston", "Philadelphia", "Phoenix", "Dallas", "Denver", "Seattle", "Boston", "Atlanta",
	}
	englishDomains = [mailProviders]mailDomain{
		{"post.example", "psot.example"},
		{"letters.example", "lettres.example"},
		{"mailbox.example", "mialbox.example"},
		{"courier.example", "cuorier.example"},
		{"inbox.example", "inbxo.example"},
	}
)
