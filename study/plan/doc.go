// Package plan compares the plans of a scenario.
//
//  1. [ComparePlans] takes the results of simulating several plans with the same people, estimates each
//     figure and its difference from the first plan, chooses the best plan and says why;
//  2. [Uncertain] plays the plans at all combinations of the scenario's uncertain inputs and finds the
//     plan that has the least to regret;
//  3. [Search] looks for the cheapest plan that meets the thresholds, among those that the scenario lets
//     vary;
//  4. [WriteComparison] writes plans.json, [WritePlansMarkdown] a page.
package plan
