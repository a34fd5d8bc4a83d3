//! What sealing costs: saturation by turns of nodes that seal and nodes that lack that guard.

use super::{flow::Load, harness::Build, pair::measure_of, result::Outcome};

/// Moves a load through both by turns, and says what share of the rate sealing leaves.
pub fn sealing(load: Load, tell: impl Fn(&Outcome)) {
    let mut rates = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let programs = [
            ("sealed", Build::Sound),
            ("not sealed", Build::Without("sealing")),
        ];
        for (rates, (name, build)) in rates.iter_mut().zip(programs) {
            let outcome = measure_of(build, name, load);
            tell(&outcome);
            rates.push(outcome.per_second);
        }
    }
    let [sealed, not_sealed] = rates.map(|mut rates| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    });
    let share = sealed / not_sealed;
    println!(
        "{:22} sealed is {share:.2} of not sealed, by the medians",
        ""
    );
}

const ROUNDS: usize = 3;
