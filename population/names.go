package population

// The parts of Indonesian names, and places of birth. They are combined at random.
var (
	womenNames = [...]string{
		"Siti", "Dewi", "Sri", "Rina", "Ayu", "Putri", "Ratna", "Wulan", "Fitri", "Indah",
		"Lestari", "Maya", "Nur", "Yuni", "Kartika", "Anisa", "Dian", "Rini", "Tuti", "Endang", "Mega", "Citra",
		"Nia", "Laras", "Intan", "Melati", "Sari", "Wati", "Yanti", "Ningsih", "Maria", "Desi",
	}
	menNames = [...]string{
		"Budi", "Agus", "Andi", "Joko", "Ahmad", "Muhammad", "Rudi", "Hendra", "Eko", "Dedi",
		"Slamet", "Bambang", "Wahyu", "Arif", "Fajar", "Rizki", "Yusuf", "Ketut", "Made", "Wayan", "Ujang", "Asep",
		"Darto", "Hadi", "Iwan", "Teguh", "Yanto", "Doni", "Galih", "Bayu", "Yohanes", "Dimas",
	}
	lastNames = [...]string{
		"Santoso", "Wijaya", "Saputra", "Hidayat", "Kusuma", "Pratama", "Nugroho", "Setiawan",
		"Rahayu", "Permata", "Utami", "Handayani", "Susanti", "Wibowo", "Gunawan", "Firmansyah", "Maulana", "Siregar",
		"Simanjuntak", "Nasution", "Lubis", "Hutapea", "Suryani", "Puspita", "Anggraini", "Kurniawan", "Hakim",
		"Ramadhan", "Syahputra", "Tanjung", "Harahap", "Sitorus", "Manurung", "Suharto", "Purnomo", "Mulyani",
		"Hasanah", "Aminah", "Lestari", "Suryadi", "Halim", "Latuconsina", "Tuhumury", "Rumbiak", "Wenda", "Kogoya",
		"Mandacan", "Lamusu", "Mokoginta", "Paputungan", "Tenri", "Daeng", "Sulaiman", "Ibrahim", "Yusuf", "Basri",
		"Effendi", "Zulkarnain", "Chaniago", "Piliang", "Sinaga", "Pane", "Gultom", "Situmorang",
	}
	birthPlaces = [...]string{
		"Jakarta", "Bandung", "Surabaya", "Medan", "Semarang", "Makassar", "Palembang", "Bogor",
		"Malang", "Padang", "Denpasar", "Pekanbaru", "Yogyakarta", "Surakarta", "Banjarmasin", "Pontianak", "Samarinda",
		"Balikpapan", "Manado", "Palu", "Kendari", "Gorontalo", "Ambon", "Ternate", "Jayapura", "Sorong", "Kupang",
		"Mataram", "Serang", "Cirebon", "Tegal", "Purwokerto", "Kediri", "Jember", "Bengkulu", "Jambi", "Banda Aceh",
		"Pangkalpinang", "Tanjungpinang", "Bandar Lampung",
	}
)
