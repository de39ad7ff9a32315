// Package population makes synthetic people, Indonesians unless another [Locale] is chosen: everything about a person is a pure
// function of a seed and the person's index, so nobody is stored and 270 million cost nothing.
//
//  1. a [Population] is made of a seed, the instant at which registration opens, and [Shares];
//  2. [Population.Traits] returns a cheap bit set of what is particular about a person: a pupil, a full mailbox, a
//     record that the registry holds twice;
//  3. [Population.Person] returns the person in full, [Population.Form] what they submit at an attempt (with the wrong
//     digit that some type first), and [Population.Record] what the registry holds;
//  4. [IndexOfNIK], [IndexOfEmail], [IndexOfPhone] and [HouseholdOfKK] return the index from what was submitted,
//     mistyped or not;
//  5. [Photos] makes JPEG files of a given size, different for each person.
//
// Nobody here is real. NIK and KK lie in provinces 40 to 49, which Indonesia has not assigned. E-mail domains end in
// .example (RFC 2606). Indonesian phone numbers begin with 084, which the national plan (KM 28/2004) reserves for mobile networks and
// which is in no operator's list of prefixes (inferred). Those of other locales have prefixes that no number can have.
package population
