//! From words to an expression, by the precedence of the language.

use super::functions::Function;
use super::lexer::{Token, tokens};

/// Expressions in expressions, and signs before signs.
const MAX_DEPTH: usize = 32;

/// Words of an expression: evaluating a long row of operators takes stack.
const MAX_TOKENS: usize = 256;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// A number.
    Number(f64),
    /// `true` or `false`.
    Bool(bool),
    /// `nil`.
    Nil,
    /// What was measured.
    Result,
    /// The item that a predicate is about: `#`.
    Item,
    /// `[1, 2]`.
    List(Vec<Expression>),
    /// `!a` or `not a`.
    Not(Box<Expression>),
    /// `-a`.
    Negative(Box<Expression>),
    /// `a + b`.
    Binary(Operator, Box<Expression>, Box<Expression>),
    /// `a ? b : c`.
    Choice(Box<Expression>, Box<Expression>, Box<Expression>),
    /// `a[b]`.
    Index(Box<Expression>, Box<Expression>),
    /// `f(a, b)`.
    Call(Function, Vec<Expression>),
}

/// An operator between two expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `||` or `or`.
    Or,
    /// `&&` or `and`.
    And,
    /// `==`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
    /// `in`.
    In,
    /// `not in`.
    NotIn,
    /// `+`.
    Add,
    /// `-`.
    Subtract,
    /// `*`.
    Multiply,
    /// `/`.
    Divide,
    /// `**`.
    Power,
}

/// How strongly `!` and `not` hold what follows.
const NOT_STRENGTH: u8 = 50;
/// How strongly a minus does.
const MINUS_STRENGTH: u8 = 90;

impl Operator {
    fn read(token: &Token, next: Option<&Token>) -> Option<Self> {
        Some(match token {
            Token::Sign("||") => Self::Or,
            Token::Sign("&&") => Self::And,
            Token::Sign("==") => Self::Equal,
            Token::Sign("!=") => Self::NotEqual,
            Token::Sign("<") => Self::Less,
            Token::Sign("<=") => Self::LessOrEqual,
            Token::Sign(">") => Self::Greater,
            Token::Sign(">=") => Self::GreaterOrEqual,
            Token::Sign("+") => Self::Add,
            Token::Sign("-") => Self::Subtract,
            Token::Sign("*") => Self::Multiply,
            Token::Sign("/") => Self::Divide,
            Token::Sign("**") => Self::Power,
            Token::Word(word) => match (word.as_str(), next) {
                ("or", _) => Self::Or,
                ("and", _) => Self::And,
                ("in", _) => Self::In,
                ("not", Some(Token::Word(next))) if next == "in" => Self::NotIn,
                _ => return None,
            },
            _ => return None,
        })
    }

    /// How strongly it holds what is around it, as in `parser/operator.go` of the language.
    fn strength(self) -> u8 {
        match self {
            Self::Or => 10,
            Self::And => 15,
            Self::Equal | Self::NotEqual | Self::In | Self::NotIn => 20,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => 20,
            Self::Add | Self::Subtract => 30,
            Self::Multiply | Self::Divide => 60,
            Self::Power => 100,
        }
    }
}

/// Reads `text`.
///
/// # Errors
/// With a sentence.
pub fn parse(text: &str) -> Result<Expression, String> {
    let tokens = tokens(text)?;
    if tokens.len() > MAX_TOKENS {
        return Err(format!("it has more than {MAX_TOKENS} words and signs"));
    }
    let mut parser = Parser { tokens: &tokens, place: 0, depth: 0, in_predicate: false };
    let expression = parser.expression(0)?;
    match parser.peek() {
        None => Ok(expression),
        Some(token) => Err(format!("{} was not expected", shown(token))),
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    place: usize,
    depth: usize,
    in_predicate: bool,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.place)
    }

    fn next(&mut self) -> Option<&'a Token> {
        let token = self.peek();
        self.place += 1;
        token
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.place += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.take(sign) {
            return Ok(());
        }
        Err(format!("`{sign}` was expected, not {}", self.peek().map_or_else(|| "its end".to_owned(), shown)))
    }

    /// What follows, as far as operators hold it at least as strongly as `least`.
    fn expression(&mut self, least: u8) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("it is nested more than {MAX_DEPTH} deep"));
        }
        let mut left = self.operand()?;
        while let Some(operator) =
            self.peek().and_then(|token| Operator::read(token, self.tokens.get(self.place + 1)))
        {
            let strength = operator.strength();
            if strength < least {
                break;
            }
            self.place += if operator == Operator::NotIn { 2 } else { 1 };
            let right = self.expression(if operator == Operator::Power { strength } else { strength + 1 })?;
            left = Expression::Binary(operator, Box::new(left), Box::new(right));
        }
        if least == 0 && self.take("?") {
            let consequence = self.expression(0)?;
            self.expect(":")?;
            let alternative = self.expression(0)?;
            left = Expression::Choice(Box::new(left), Box::new(consequence), Box::new(alternative));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn operand(&mut self) -> Result<Expression, String> {
        let not = matches!(self.peek(), Some(Token::Word(word)) if word == "not");
        if not || matches!(self.peek(), Some(Token::Sign("!"))) {
            self.place += 1;
            return self.expression(NOT_STRENGTH).map(|inner| Expression::Not(Box::new(inner)));
        }
        if self.take("-") {
            return self.expression(MINUS_STRENGTH).map(|inner| Expression::Negative(Box::new(inner)));
        }
        let mut operand = self.primary()?;
        while self.take("[") {
            let index = self.expression(0)?;
            self.expect("]")?;
            operand = Expression::Index(Box::new(operand), Box::new(index));
        }
        Ok(operand)
    }

    fn primary(&mut self) -> Result<Expression, String> {
        match self.next() {
            Some(Token::Number(number)) => Ok(Expression::Number(*number)),
            Some(Token::Sign("(")) => {
                let inner = self.expression(0)?;
                self.expect(")")?;
                Ok(inner)
            }
            Some(Token::Sign("[")) => self.items("]").map(Expression::List),
            Some(Token::Sign("#")) if self.in_predicate => Ok(Expression::Item),
            Some(Token::Sign("#")) => Err("`#` is only known in a predicate".to_owned()),
            Some(Token::Word(word)) => self.named(word),
            Some(token) => Err(format!("{} was not expected", shown(token))),
            None => Err("something is missing at its end".to_owned()),
        }
    }

    fn named(&mut self, word: &str) -> Result<Expression, String> {
        match word {
            "true" => return Ok(Expression::Bool(true)),
            "false" => return Ok(Expression::Bool(false)),
            "nil" => return Ok(Expression::Nil),
            "result" => return Ok(Expression::Result),
            _ => {}
        }
        let function = Function::named(word).ok_or_else(|| format!("`{word}` is not known here"))?;
        self.expect("(")?;
        let arguments =
            if function.takes_predicate() { self.list_and_predicate()? } else { self.items(")")? };
        if !function.arity().contains(&arguments.len()) {
            return Err(format!("`{word}` does not take {} arguments", arguments.len()));
        }
        Ok(Expression::Call(function, arguments))
    }

    /// `result, {# > 1})` or `result, # > 1)`.
    fn list_and_predicate(&mut self) -> Result<Vec<Expression>, String> {
        let list = self.expression(0)?;
        self.expect(",")?;
        let outside = std::mem::replace(&mut self.in_predicate, true);
        let braced = self.take("{");
        let predicate = self.expression(0)?;
        if braced {
            self.expect("}")?;
        }
        self.in_predicate = outside;
        self.expect(")")?;
        Ok(vec![list, predicate])
    }

    fn items(&mut self, end: &str) -> Result<Vec<Expression>, String> {
        let mut items = Vec::new();
        while !self.take(end) {
            if !items.is_empty() {
                self.expect(",")?;
            }
            items.push(self.expression(0)?);
        }
        Ok(items)
    }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Number(number) => format!("`{number}`"),
        Token::Word(word) => format!("`{word}`"),
        Token::Sign(sign) => format!("`{sign}`"),
    }
}
