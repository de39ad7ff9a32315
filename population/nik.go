package population

import "time"

// Size is the number of people: indexes run from 0 to Size-1. There are so many numbers of cards, and hardly more: 9,996 in
// each region.
const Size uint64 = 960_000_000

// How an index is laid out in a NIK (domain: province, regency or city, district, DDMMYY, serial).
// Households of four lie in a region each, regions follow one another, and serials grow slowly:
//
//	household = index / 4              member = index mod 4
//	region    = household mod regions  place  = household / regions
//	serial    = place·4 + member + 1   (NIK)   place + 1 (KK)
const (
	HouseholdSize = 4 // people of one household

	firstProvince = 40
	provinces     = 10 // 40 to 49: unassigned
	regencies     = 98 // 01 to 69 and, as cities, 71 to 99
	districts     = 99 // 01 to 99
	regions       = provinces * regencies * districts
	lastRegency   = 69
	nikLength     = 16
)

// HouseholdOf returns the household of a person. Its members are the HouseholdSize indexes from household·HouseholdSize.
func HouseholdOf(index uint64) uint64 { return index / HouseholdSize }

// appendRegion appends province, regency and district: six digits.
func appendRegion(buffer []byte, region uint64) []byte {
	district := region%districts + 1
	regency := region/districts%regencies + 1
	if regency > lastRegency {
		regency++
	}
	province := region/districts/regencies + firstProvince
	return appendDigits(appendDigits(appendDigits(buffer, province, 2), regency, 2), district, 2)
}

// regionOf returns the region of six digits, and false if it is not one of ours.
func regionOf(digits []byte) (uint64, bool) {
	province, regency, district := number(digits[:2]), number(digits[2:4]), number(digits[4:6])
	if province < firstProvince || province >= firstProvince+provinces || district == 0 ||
		regency == 0 || regency == lastRegency+1 {
		return 0, false
	}
	if regency > lastRegency {
		regency--
	}
	return ((province-firstProvince)*regencies+regency-1)*districts + district - 1, true
}

// appendDate appends DDMMYY with 40 added to the day for women.
func appendDate(buffer []byte, date time.Time, woman bool) []byte {
	year, month, day := date.Date()
	if woman {
		day += 40
	}
	buffer = appendDigits(buffer, uint64(day), 2)
	buffer = appendDigits(buffer, uint64(month), 2)
	return appendDigits(buffer, uint64(year%100), 2)
}

// appendNIK appends the 16 digits of a person born on a date.
func appendNIK(buffer []byte, index uint64, born time.Time, woman bool) []byte {
	household := HouseholdOf(index)
	buffer = appendRegion(buffer, household%regions)
	buffer = appendDate(buffer, born, woman)
	return appendDigits(buffer, household/regions*HouseholdSize+index%HouseholdSize+1, 4)
}

// appendKK appends the 16 digits of a household whose card was issued on a date.
func appendKK(buffer []byte, household uint64, issued time.Time) []byte {
	buffer = appendRegion(buffer, household%regions)
	buffer = appendDate(buffer, issued, false)
	return appendDigits(buffer, household/regions+1, 4)
}

// IndexOfNIK returns the index of the owner of a NIK, from region and serial alone. It ignores spaces, dots and hyphens.
// It accepts any date, because the wrong digit that people type lies in the date. [Population.Owner] checks the whole NIK.
func IndexOfNIK(nik string) (index uint64, ok bool) {
	region, serial, ok := placeOf(nik)
	if !ok {
		return 0, false
	}
	household := (serial-1)/HouseholdSize*regions + region
	index = household*HouseholdSize + (serial-1)%HouseholdSize
	return index, index < Size
}

// HouseholdOfKK returns the household of a family card, from region and serial alone.
func HouseholdOfKK(kk string) (household uint64, ok bool) {
	region, serial, ok := placeOf(kk)
	if !ok {
		return 0, false
	}
	household = (serial-1)*regions + region
	return household, household*HouseholdSize < Size
}

func placeOf(text string) (region, serial uint64, ok bool) {
	var space [nikLength]byte
	digits, ok := digitsOf(text, space[:0])
	if !ok || len(digits) != nikLength {
		return 0, 0, false
	}
	region, ok = regionOf(digits[:6])
	serial = number(digits[12:])
	return region, serial, ok && serial > 0
}

// wrongDigit changes one digit of the date in a NIK. The NIK stays well-formed and still leads to the index, but belongs to
// nobody.
//
// Note: a wrong digit elsewhere would give the number of another person, and reconciliation could not distinguish the
// two.
func wrongDigit(nik []byte, choose func(n int) int) {
	const day, month, year = 6, 8, 10
	for {
		place := day + choose(6)
		right := nik[place]
		nik[place] = '0' + byte((int(right-'0')+1+choose(9))%10)
		d, m := number(nik[day:month]), number(nik[month:year])
		if d > 40 {
			d -= 40 // a woman's
		}
		if d >= 1 && d <= 28 && m >= 1 && m <= 12 {
			return
		}
		nik[place] = right
	}
}
