package population

// The parts of names in India, and places of birth. They are combined at random.
var (
	indianWomen = [...]string{
		"Priya", "Lakshmi", "Anjali", "Kavita", "Sunita", "Meena", "Radha", "Divya", "Pooja", "Neha",
		"Asha", "Geeta", "Shanti", "Usha", "Rekha", "Deepa", "Nandini", "Swati", "Fatima", "Gurpreet", "Harini", "Ishita",
		"Jyoti", "Kamala", "Lalita", "Madhuri", "Padma", "Rukmini", "Savitri", "Tara", "Vidya", "Zainab",
	}
	indianMen = [...]string{
		"Rahul", "Amit", "Suresh", "Ramesh", "Vijay", "Arjun", "Sanjay", "Rajesh", "Anil", "Deepak",
		"Manoj", "Ashok", "Ganesh", "Harish", "Imran", "Jagdish", "Karthik", "Lokesh", "Mohan", "Naveen", "Omkar", "Prakash",
		"Ravi", "Salim", "Tarun", "Uday", "Venkatesh", "Yogesh", "Balwinder", "Chandran", "Farhan", "Gopal",
	}
	indianLast = [...]string{
		"Sharma", "Verma", "Gupta", "Singh", "Kumar", "Patel", "Reddy", "Nair", "Iyer", "Menon",
		"Das", "Chatterjee", "Banerjee", "Mukherjee", "Bose", "Ghosh", "Mehta", "Shah", "Joshi", "Kulkarni",
		"Deshpande", "Patil", "Shinde", "Jadhav", "Naidu", "Rao", "Pillai", "Subramaniam", "Krishnan", "Hegde",
		"Shetty", "Gowda", "Yadav", "Mishra", "Tiwari", "Pandey", "Khan", "Ansari", "Fernandes", "Kaur",
	}
	indianPlaces = [...]string{
		"Delhi", "Mumbai", "Kolkata", "Chennai", "Bengaluru", "Hyderabad", "Ahmedabad", "Pune", "Jaipur", "Lucknow",
		"Kanpur", "Nagpur", "Indore", "Bhopal", "Patna", "Ranchi", "Bhubaneswar", "Guwahati", "Thiruvananthapuram", "Kochi",
		"Coimbatore", "Madurai", "Visakhapatnam", "Vijayawada", "Mysuru", "Surat", "Vadodara", "Ludhiana", "Amritsar", "Chandigarh",
	}
	indianDomains = [mailProviders]mailDomain{
		{"dak.example", "dka.example"},
		{"patra.example", "ptara.example"},
		{"sandesh.example", "sandehs.example"},
		{"chitthi.example", "chithti.example"},
		{"dakghar.example", "dakgahr.example"},
	}
)
