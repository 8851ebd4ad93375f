//! A network for tests.

use std::cell::RefCell;
use std::collections::VecDeque;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;

use super::{ApiUrl, GitHub};
use crate::http::{Http, HttpError};

pub const TOKEN: &str = "ghp_verysecret";

/// Answers requests from a list, and remembers them.
#[derive(Default)]
pub struct Canned {
    answers: RefCell<VecDeque<Result<Response<Bytes>, HttpError>>>,
    pub requests: RefCell<Vec<Request<Bytes>>>,
}

impl Http for &Canned {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        self.requests.borrow_mut().push(request);
        self.answers.borrow_mut().pop_front().unwrap_or_else(|| Err(HttpError::new("no answer left")))
    }
}

impl Canned {
    pub fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Self {
        let mut answer = Response::builder().status(status);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        let answer = answer.body(body.into()).unwrap();
        Self { answers: RefCell::new([Ok(answer)].into()), requests: RefCell::default() }
    }

    pub fn json(status: u16, body: Value) -> Self {
        Self::answer(status, &[], body.to_string())
    }

    pub fn github(&self) -> GitHub<&Self> {
        GitHub::new(self, ApiUrl::default(), TOKEN)
    }

    pub fn request(&self) -> Request<Bytes> {
        self.requests.borrow_mut().pop().expect("a request")
    }
}
