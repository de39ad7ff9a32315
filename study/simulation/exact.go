package simulation

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"time"
)

// exactly returns a value as bytes from which readExactly makes the same value again, bit by bit: floating-point numbers
// with their NaN, nil apart from empty, pointers to zero. Equal values give equal bytes. The type must consist of exported
// fields and of no interface, function or channel. encoding/gob and JSON both lose some of that.
func exactly(value any) ([]byte, error) { return appendExactly(nil, reflect.ValueOf(value)) }

// readExactly reads what exactly wrote into what a pointer points to.
func readExactly(text []byte, into any) error {
	r := exactReader{text}
	if err := r.read(reflect.ValueOf(into).Elem()); err != nil {
		return err
	}
	if len(r.rest) > 0 {
		return fmt.Errorf("there are %d bytes behind the end", len(r.rest))
	}
	return nil
}

var instantType = reflect.TypeFor[time.Time]()

func appendExactly(text []byte, v reflect.Value) (_ []byte, err error) {
	switch v.Kind() {
	case reflect.Bool:
		return append(text, byte(boolBit(v.Bool()))), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return binary.AppendVarint(text, v.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return binary.AppendUvarint(text, v.Uint()), nil
	case reflect.Float64:
		return binary.LittleEndian.AppendUint64(text, math.Float64bits(v.Float())), nil
	case reflect.String:
		return append(binary.AppendUvarint(text, uint64(v.Len())), v.String()...), nil
	case reflect.Pointer:
		if text = append(text, byte(boolBit(!v.IsNil()))); v.IsNil() {
			return text, nil
		}
		return appendExactly(text, v.Elem())
	case reflect.Slice:
		if text = appendLength(text, v); v.Type().Elem().Kind() == reflect.Uint8 {
			return append(text, v.Bytes()...), nil
		}
		return appendAll(text, v)
	case reflect.Array:
		return appendAll(text, v)
	case reflect.Map:
		return appendMap(appendLength(text, v), v)
	case reflect.Struct:
		if v.Type() == instantType {
			return appendInstant(text, v.Interface().(time.Time))
		}
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				return nil, fmt.Errorf("%s.%s is not exported", v.Type(), v.Type().Field(i).Name)
			}
			if text, err = appendExactly(text, v.Field(i)); err != nil {
				return nil, err
			}
		}
		return text, nil
	}
	return nil, fmt.Errorf("a %s cannot be written exactly", v.Type())
}

func boolBit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// appendLength writes 0 for nil, and otherwise 1 more than the length.
func appendLength(text []byte, v reflect.Value) []byte {
	if v.IsNil() {
		return append(text, 0)
	}
	return binary.AppendUvarint(text, uint64(v.Len())+1)
}

func appendAll(text []byte, v reflect.Value) (_ []byte, err error) {
	for i := range v.Len() {
		if text, err = appendExactly(text, v.Index(i)); err != nil {
			return nil, err
		}
	}
	return text, nil
}

// appendMap writes the entries in the order of their bytes.
func appendMap(text []byte, v reflect.Value) ([]byte, error) {
	var entries []string
	for all := v.MapRange(); all.Next(); {
		entry, err := appendExactly(nil, all.Key())
		if err == nil {
			entry, err = appendExactly(entry, all.Value())
		}
		if err != nil {
			return nil, err
		}
		entries = append(entries, string(entry))
	}
	slices.Sort(entries)
	for _, entry := range entries {
		text = append(text, entry...)
	}
	return text, nil
}

func appendInstant(text []byte, at time.Time) ([]byte, error) {
	packed, err := at.MarshalBinary()
	if err != nil {
		return nil, err
	}
	return append(binary.AppendUvarint(text, uint64(len(packed))), packed...), nil
}

// exactReader reads what appendExactly wrote, and never more than there is.
type exactReader struct{ rest []byte }

var errShort = errors.New("it ends too early")

func (r *exactReader) read(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Bool:
		text, err := r.take(1)
		if err == nil && text[0] > 1 {
			err = errors.New("a truth value is neither 0 nor 1")
		}
		if err == nil {
			v.SetBool(text[0] == 1)
		}
		return err
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		number, size := binary.Varint(r.rest)
		if size <= 0 || v.OverflowInt(number) {
			return errShort
		}
		r.rest = r.rest[size:]
		v.SetInt(number)
		return nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		number, err := r.number()
		if err == nil && v.OverflowUint(number) {
			err = errShort
		}
		v.SetUint(number)
		return err
	case reflect.Float64:
		text, err := r.take(8)
		if err == nil {
			v.SetFloat(math.Float64frombits(binary.LittleEndian.Uint64(text)))
		}
		return err
	case reflect.String:
		text, err := r.counted()
		v.SetString(string(text))
		return err
	case reflect.Pointer:
		there := false
		if err := r.read(reflect.ValueOf(&there).Elem()); err != nil || !there {
			return err
		}
		v.Set(reflect.New(v.Type().Elem()))
		return r.read(v.Elem())
	}
	return r.readMany(v)
}

// readMany reads what has several values.
func (r *exactReader) readMany(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Slice:
		return r.readSlice(v)
	case reflect.Array:
		for i := range v.Len() {
			if err := r.read(v.Index(i)); err != nil {
				return err
			}
		}
		return nil
	case reflect.Map:
		return r.readMap(v)
	case reflect.Struct:
		if v.Type() == instantType {
			text, err := r.counted()
			if err != nil {
				return err
			}
			var at time.Time
			err = at.UnmarshalBinary(text)
			v.Set(reflect.ValueOf(at))
			return err
		}
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				return fmt.Errorf("%s.%s is not exported", v.Type(), v.Type().Field(i).Name)
			}
			if err := r.read(v.Field(i)); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("a %s cannot be read exactly", v.Type())
}

func (r *exactReader) readSlice(v reflect.Value) error {
	length, there, err := r.length()
	if err != nil || !there {
		return err
	}
	if v.Type().Elem().Kind() == reflect.Uint8 {
		text, err := r.take(length)
		v.SetBytes(append(make([]byte, 0, len(text)), text...))
		return err
	}
	all := reflect.MakeSlice(v.Type(), 0, min(length, 1<<12)) // what is not there takes no memory
	for range length {
		one := reflect.New(v.Type().Elem()).Elem()
		if err := r.read(one); err != nil {
			return err
		}
		all = reflect.Append(all, one)
	}
	v.Set(all)
	return nil
}

func (r *exactReader) readMap(v reflect.Value) error {
	length, there, err := r.length()
	if err != nil || !there {
		return err
	}
	all := reflect.MakeMap(v.Type())
	for range length {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		if err := r.read(key); err != nil {
			return err
		}
		if err := r.read(value); err != nil {
			return err
		}
		all.SetMapIndex(key, value)
	}
	if all.Len() != length {
		return errors.New("a key comes twice")
	}
	v.Set(all)
	return nil
}

// length reads a length, or false for nil. No value takes less than a byte.
func (r *exactReader) length() (int, bool, error) {
	number, err := r.number()
	if err != nil || number == 0 {
		return 0, false, err
	}
	if number-1 > uint64(len(r.rest)) {
		return 0, false, errShort
	}
	return int(number - 1), true, nil
}

func (r *exactReader) number() (uint64, error) {
	number, size := binary.Uvarint(r.rest)
	if size <= 0 {
		return 0, errShort
	}
	r.rest = r.rest[size:]
	return number, nil
}

// counted reads bytes behind their number.
func (r *exactReader) counted() ([]byte, error) {
	number, err := r.number()
	if err != nil || number > uint64(len(r.rest)) {
		return nil, errShort
	}
	return r.take(int(number))
}

func (r *exactReader) take(size int) ([]byte, error) {
	if size > len(r.rest) {
		return nil, errShort
	}
	text := r.rest[:size]
	r.rest = r.rest[size:]
	return text, nil
}
