// Package population makes synthetic Indonesian people: everything about a person is a pure
// function of a seed and the person's index, so nobody is stored and 270 million cost nothing.
//
//  1. a [Population] is made of a seed, the instant at which registration opens, and [Shares];
//  2. [Population.Traits] says in one cheap bit set what is particular about a person: a pupil,
//     a full mailbox, a record that the registry holds twice;
//  3. [Population.Person] spells the person out, [Population.Form] what they submit at an attempt
//     (with the wrong digit that some type first), [Population.Record] what the registry holds;
//  4. [IndexOfNIK], [IndexOfEmail], [IndexOfPhone] and [HouseholdOfKK] lead back from what was
//     submitted, mistyped or not, to the index;
//  5. [Photos] makes JPEG files of a given size, no two people's alike.
//
// Nobody here is real. NIK and KK lie in provinces 40 to 49, none of which Indonesia has assigned;
// e-mail domains end in .example (RFC 2606); phone numbers begin with 084, which the national plan
// (KM 28/2004) sets aside for mobile networks and which is on no operator's list of prefixes (inferred).
package population
