// Package plan compares the plans of a scenario.
//
//  1. [ComparePlans] takes the results of simulating several plans with the same people. It estimates each
//     figure and its difference from the first plan, chooses the best plan, and explains the choice.
//  2. [Uncertain] plays the plans at all combinations of the scenario's uncertain inputs and finds the plan
//     with the least regret.
//  3. [Search] looks for the cheapest plan that meets the thresholds, among the values that the scenario
//     allows to vary.
//  4. [WriteComparison] writes plans.json, [WritePlansMarkdown] a page.
package plan
