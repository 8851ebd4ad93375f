//! Spin's rules for identifiers, which are those of the component model's labels:
//! <https://github.com/WebAssembly/component-model/blob/main/design/mvp/WIT.md#identifiers>.

/// Checks the id of a component: words joined by `-`, each in one case.
pub(super) fn check_kebab(id: &str) -> Result<(), &'static str> {
    let words_fit = id.split('-').all(|word| is_word(word, char::is_ascii_lowercase) || is_upper_word(word));
    if words_fit { Ok(()) } else { Err("must be words of letters and digits joined by `-`") }
}

/// Checks the name of a variable: lower-case words joined by `_`.
pub(super) fn check_lower_snake(name: &str) -> Result<(), &'static str> {
    let words_fit = name.split('_').all(|word| is_word(word, char::is_ascii_lowercase));
    if words_fit { Ok(()) } else { Err("must be lower-case words of letters and digits joined by `_`") }
}

/// Checks the label of a store or database: words joined either by `-` or by `_`.
pub(super) fn check_label(label: &str) -> Result<(), &'static str> {
    let in_kebab = check_kebab(label).is_ok();
    let in_snake = !label.contains('-') && check_kebab(&label.replace('_', "-")).is_ok();
    if in_kebab || in_snake {
        Ok(())
    } else {
        Err("must be words of letters and digits joined by `-` or by `_`")
    }
}

fn is_upper_word(word: &str) -> bool {
    is_word(word, char::is_ascii_uppercase)
}

/// Whether a word starts with a letter of one kind and goes on with such letters and digits.
fn is_word(word: &str, is_letter: fn(&char) -> bool) -> bool {
    let starts_well = word.chars().next().is_some_and(|first| is_letter(&first));
    starts_well && word.chars().all(|c| is_letter(&c) || c.is_ascii_digit())
}
