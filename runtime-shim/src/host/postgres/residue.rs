//! What a statement may leave in its session: settings, locks, temporary tables, an open transaction. To take it back costs
//! several times what a plain statement costs, and most statements leave nothing.

use std::str::Chars;

/// What a plain statement begins with.
const BEGINNINGS: &[&str] = &["select", "insert", "update", "delete", "with", "values"];

/// Words that a parenthesis may follow without there being a call.
const KEYWORDS: &[&str] = &[
    "all",
    "and",
    "any",
    "as",
    "between",
    "by",
    "case",
    "conflict",
    "distinct",
    "else",
    "except",
    "exists",
    "filter",
    "from",
    "in",
    "interval",
    "intersect",
    "is",
    "join",
    "lateral",
    "like",
    "materialized",
    "not",
    "on",
    "or",
    "over",
    "returning",
    "select",
    "set",
    "some",
    "then",
    "union",
    "using",
    "values",
    "when",
    "where",
];

/// Functions of the server that read and compute. All others may do anything: `set_config`, `pg_advisory_lock`, those that
/// somebody wrote. <https://www.postgresql.org/docs/current/functions.html>
const FUNCTIONS: &[&str] = &[
    "abs",
    "age",
    "array_agg",
    "array_length",
    "array_position",
    "avg",
    "bool_and",
    "bool_or",
    "ceil",
    "char_length",
    "clock_timestamp",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "date_part",
    "date_trunc",
    "decode",
    "dense_rank",
    "encode",
    "extract",
    "first_value",
    "floor",
    "gen_random_uuid",
    "greatest",
    "json_agg",
    "json_build_array",
    "json_build_object",
    "jsonb_agg",
    "jsonb_array_elements",
    "jsonb_array_elements_text",
    "jsonb_array_length",
    "jsonb_build_array",
    "jsonb_build_object",
    "jsonb_strip_nulls",
    "jsonb_to_recordset",
    "lag",
    "last_value",
    "lead",
    "least",
    "left",
    "length",
    "lower",
    "ltrim",
    "make_interval",
    "max",
    "md5",
    "min",
    "mod",
    "now",
    "nullif",
    "octet_length",
    "percentile_cont",
    "position",
    "power",
    "random",
    "rank",
    "replace",
    "right",
    "round",
    "row",
    "row_number",
    "row_to_json",
    "rtrim",
    "sha256",
    "split_part",
    "sqrt",
    "starts_with",
    "statement_timestamp",
    "string_agg",
    "strpos",
    "substr",
    "substring",
    "sum",
    "to_char",
    "to_date",
    "to_json",
    "to_jsonb",
    "to_regclass",
    "to_timestamp",
    "transaction_timestamp",
    "trim",
    "trunc",
    "unnest",
    "upper",
];

/// Whether nothing of a statement is left in its session once it has ended, as far as its text tells: it reads or changes
/// rows and calls only functions that are known. What cannot be told is taken for a statement that leaves something.
///
/// Triggers, views and operators may call what the text does not show. They are the database's own, the same for every
/// session, and no secret of the one that sets them off.
pub(super) fn leaves_nothing(statement: &str) -> bool {
    let mut tokens = Tokens { rest: statement.chars() };
    let is_plain = |token: &_| matches!(token, Token::Word(word) if is_one_of(word, BEGINNINGS));
    let Some(mut last) = tokens.next().filter(is_plain) else { return false };
    let mut before = Token::Other;
    for token in tokens {
        let fine = match (token, last) {
            (Token::Unclear, _) => false,
            // `SELECT ... INTO` makes a table, which may be a temporary one.
            (Token::Word(word), _) if is(word, "into") => {
                matches!(last, Token::Word(word) if is(word, "insert"))
            }
            (Token::Open, Token::Word(called)) => may_precede_parenthesis(called, before),
            (Token::Open, Token::Quoted) => names_something(before),
            _ => true,
        };
        if !fine {
            return false;
        }
        (before, last) = (last, token);
    }
    true
}

/// Whether `word` and a parenthesis are no call of an unknown function.
fn may_precede_parenthesis(word: &str, before: Token<'_>) -> bool {
    let qualified = matches!(before, Token::Dot);
    names_something(before) || !qualified && (is_one_of(word, KEYWORDS) || is_one_of(word, FUNCTIONS))
}

/// Whether a name after this is one of a table or an alias; what follows in parentheses are columns.
fn names_something(before: Token<'_>) -> bool {
    matches!(before, Token::Word(word) if is(word, "into") || is(word, "as"))
}

fn is_one_of(word: &str, known: &[&str]) -> bool {
    known.iter().any(|known| is(word, known))
}

fn is(word: &str, known: &str) -> bool {
    word.eq_ignore_ascii_case(known)
}

#[derive(Clone, Copy)]
enum Token<'a> {
    /// A keyword, a name, a number or the number of a parameter.
    Word(&'a str),
    /// A name in quotes.
    Quoted,
    Open,
    Dot,
    /// Whatever else does not matter here.
    Other,
    /// What this lexer does not take apart.
    Unclear,
}

/// The tokens of a statement, <https://www.postgresql.org/docs/current/sql-syntax-lexical.html>. Comments are left out.
struct Tokens<'a> {
    rest: Chars<'a>,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let from = self.rest.as_str();
            let character = self.rest.next()?;
            return Some(match character {
                _ if character.is_whitespace() => continue,
                '-' if self.rest.as_str().starts_with('-') => {
                    self.skip_until(|c| c == '\n' || c == '\r');
                    continue;
                }
                '/' if self.rest.as_str().starts_with('*') => Token::Unclear,
                // A doubled quote ends one piece and begins another. What a backslash means depends on a setting.
                '\'' if self.skip_until(|c| c == '\'' || c == '\\') == Some('\'') => Token::Other,
                '"' if self.skip_until(|c| c == '"').is_some() => Token::Quoted,
                '\'' | '"' | '\\' | ';' => Token::Unclear,
                _ if !character.is_ascii() => Token::Unclear,
                '(' => Token::Open,
                '.' => Token::Dot,
                '$' if !self.rest.as_str().starts_with(|c: char| c.is_ascii_digit()) => Token::Unclear,
                '$' => self.word(from),
                _ if is_part(character) => self.word(from),
                _ => Token::Other,
            });
        }
    }
}

impl<'a> Tokens<'a> {
    fn word(&mut self, from: &'a str) -> Token<'a> {
        // The first may be the $ of a parameter.
        let end = from.char_indices().skip(1).find(|(_, c)| !is_part(*c)).map_or(from.len(), |(at, _)| at);
        let (word, rest) = from.split_at(end);
        self.rest = rest.chars();
        // A string with escapes: `E'...'`, `U&'...'`, `B'...'`.
        if rest.starts_with(['\'', '&', '$']) { Token::Unclear } else { Token::Word(word) }
    }

    /// Goes on after the first character that ends something, and says which it was.
    fn skip_until(&mut self, ends: impl Fn(char) -> bool) -> Option<char> {
        self.rest.find(|&character| ends(character))
    }
}

/// Whether a character may be part of a word.
fn is_part(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_statements_leave_nothing() {
        for statement in [
            "SELECT 1",
            "select id, count(*) from deployments where service = $1::text group by id -- set_config(\n limit 1",
            "INSERT INTO deployments (id, status) VALUES ($1::text::uuid, 'it''s (new)') RETURNING id",
            "INSERT INTO \"deployments\" (id) SELECT id FROM given WHERE id IN (SELECT id FROM old)",
            "WITH new AS (INSERT INTO a (x) VALUES (1) RETURNING x) SELECT max(x) FROM new",
            "UPDATE a SET at = date_trunc('milliseconds', now()) WHERE (x, y) > ($1, $2)",
            "SELECT * FROM jsonb_to_recordset($1::text::jsonb) AS wanted (id UUID, target TEXT) FOR UPDATE",
        ] {
            assert!(leaves_nothing(statement), "{statement}");
        }
    }

    #[test]
    fn whatever_may_leave_something_is_not_plain() {
        for statement in [
            "",
            "(SELECT 1)",
            "BEGIN",
            "SET search_path TO other",
            "LISTEN news",
            "PREPARE p AS SELECT 1",
            "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
            "CREATE TEMP TABLE t (x int)",
            "SELECT set_config('search_path', 'other', false)",
            "SELECT SET_CONFIG ('search_path', 'other', false)",
            "SELECT \"set_config\"('search_path', 'other', false)",
            "SELECT pg_catalog.set_config('search_path', 'other', false)",
            "SELECT other.lower('x')",
            "SELECT pg_catalog . \"pg_advisory_lock\" (1)",
            "SELECT pg_advisory_lock--\n(1)",
            "SELECT pg_advisory_lock/**/(1)",
            "SELECT 1 AS x, pg_advisory_lock(1)",
            "SELECT 1 INTO TEMP t",
            "SELECT nextval('s')",
            "SELECT 1; SET x TO 1",
            "SELECT E'\\'', pg_advisory_lock(1), E'\\''",
            "SELECT $$'$$, pg_advisory_lock(1), $$'$$",
            "SELECT $a$'$a$, pg_advisory_lock(1), $a$'$a$",
            "SELECT U&'\\0027'",
            "SELECT 'open",
            "SELECT '\\', pg_advisory_lock(1) , '",
            "SELECT ünlower(1)",
            "SELECT lowerü(1)",
        ] {
            assert!(!leaves_nothing(statement), "{statement}");
        }
    }
}
