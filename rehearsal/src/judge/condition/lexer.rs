//! The words of a condition.

/// One word.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A number, whole or not.
    Number(f64),
    /// A name, or an operator that is written as one: `and`, `in`.
    Word(String),
    /// Any other operator, or a bracket.
    Sign(&'static str),
}

/// Longer ones before those that they begin with.
const SIGNS: [&str; 24] = [
    "**", "==", "!=", "<=", ">=", "&&", "||", "(", ")", "[", "]", "{", "}", ",", "?", ":", "<", ">", "!",
    "+", "-", "*", "/", "#",
];

/// The words of `text`.
///
/// # Errors
/// With a sentence, if it has something else.
pub fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '0'..='9' => number(rest)?,
            '.' if rest[1..].starts_with(|next: char| next.is_ascii_digit()) => number(rest)?,
            'a'..='z' | 'A'..='Z' | '_' | '$' => word(rest),
            _ => sign(rest, first)?,
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

fn word(text: &str) -> (Token, usize) {
    let belongs = |character: char| character.is_ascii_alphanumeric() || "_$".contains(character);
    let length = text.find(|character| !belongs(character)).unwrap_or(text.len());
    (Token::Word(text[..length].to_owned()), length)
}

/// `1`, `0.95`, `.5`, `1e-3`, `1_000`.
fn number(text: &str) -> Result<(Token, usize), String> {
    let mut length = 0;
    let mut before = ' ';
    for character in text.chars() {
        let sign_of_exponent = "+-".contains(character) && "eE".contains(before);
        if !(character.is_ascii_alphanumeric() || "._".contains(character) || sign_of_exponent) {
            break;
        }
        (before, length) = (character, length + 1);
    }
    let (number, _) = text.split_at(length);
    match number.replace('_', "").parse::<f64>() {
        Ok(parsed) if parsed.is_finite() => Ok((Token::Number(parsed), length)),
        _ => Err(format!("{number} is not a number that is known here")),
    }
}

fn sign(text: &str, first: char) -> Result<(Token, usize), String> {
    let sign = SIGNS.iter().find(|sign| text.starts_with(*sign));
    sign.map(|sign| (Token::Sign(sign), sign.len())).ok_or_else(|| format!("`{first}` is not known here"))
}
