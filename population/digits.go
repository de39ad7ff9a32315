package population

// appendDigits appends value as exactly width decimal digits.
func appendDigits(buffer []byte, value uint64, width int) []byte {
	start := len(buffer)
	for range width {
		buffer = append(buffer, '0')
	}
	for i := len(buffer) - 1; i >= start; i-- {
		buffer[i] = byte('0' + value%10)
		value /= 10
	}
	return buffer
}

// digitsOf appends the digits of text to buffer, without the spaces, dots and hyphens that people type between them. It
// returns false if there is anything else, or if the capacity of buffer is exceeded.
func digitsOf(text string, buffer []byte) ([]byte, bool) {
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			if len(buffer) == cap(buffer) {
				return nil, false
			}
			buffer = append(buffer, c)
		case c == ' ' || c == '\t' || c == '.' || c == '-':
		default:
			return nil, false
		}
	}
	return buffer, true
}

// number returns the value of up to 19 decimal digits.
func number(digits []byte) uint64 {
	value := uint64(0)
	for _, digit := range digits {
		value = value*10 + uint64(digit-'0')
	}
	return value
}
