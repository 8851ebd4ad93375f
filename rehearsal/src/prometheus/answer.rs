//! What Prometheus answers: <https://prometheus.io/docs/prometheus/latest/querying/api/#instant-vectors>.

use http::StatusCode;
use serde::Deserialize;

use crate::judge::Measured;

/// Most characters of an answer that are shown, where it is not what was asked for.
const MAX_SHOWN: usize = 200;

#[derive(Deserialize)]
struct Answer {
    status: String,
    error: Option<String>,
    data: Option<Data>,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Vector(Vec<Sample>),
    Scalar(Point),
    Matrix(serde::de::IgnoredAny),
    String(serde::de::IgnoredAny),
}

/// A sample of one series. Labels are left out; histograms have no `value`.
#[derive(Deserialize)]
struct Sample {
    value: Option<Point>,
}

/// A time, and a number as text.
#[derive(Deserialize)]
struct Point(#[expect(dead_code, reason = "it has to be there")] f64, String);

impl Point {
    fn number(&self) -> Result<f64, String> {
        let Self(_, text) = self;
        match text.as_str() {
            "+Inf" => Ok(f64::INFINITY),
            "-Inf" => Ok(f64::NEG_INFINITY),
            _ => text.parse().map_err(|_| format!("`{text}` is not a number")),
        }
    }
}

/// The numbers of an answer.
///
/// # Errors
/// With a sentence, if it says no, or has something else than numbers.
pub fn numbers(status: StatusCode, body: &[u8]) -> Result<Measured, String> {
    let answer: Answer = serde_json::from_slice(body).map_err(|_| format!("{status}{}", excerpt(body)))?;
    if answer.status != "success" {
        return Err(answer.error.unwrap_or_else(|| status.to_string()));
    }
    match answer.data {
        Some(Data::Scalar(point)) => point.number().map(Measured::Scalar),
        Some(Data::Vector(samples)) => {
            let points = samples.iter().map(|sample| {
                sample.value.as_ref().ok_or("native histograms are no numbers".to_owned())?.number()
            });
            points.collect::<Result<_, _>>().map(Measured::Vector)
        }
        Some(Data::Matrix(_)) => {
            Err("the query gives ranges: an instant vector or a scalar is needed".to_owned())
        }
        Some(Data::String(_)) => {
            Err("the query gives a text: an instant vector or a scalar is needed".to_owned())
        }
        None => Err("there is no data in its answer".to_owned()),
    }
}

/// What it says, on one short line.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown: String = line.chars().filter(|character| !character.is_control()).take(MAX_SHOWN).collect();
    if shown.is_empty() { shown } else { format!(": {shown}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Measured, String> {
        numbers(StatusCode::OK, body.as_bytes())
    }

    #[test]
    fn vectors_are_lists_and_scalars_are_numbers() {
        let vector = r#"{"status":"success","data":{"resultType":"vector","result":[
            {"metric":{"a":"b"},"value":[1700000000.123,"0.5"]},{"metric":{},"value":[1700000000,"+Inf"]}]}}"#;
        assert_eq!(read(vector), Ok(Measured::Vector(vec![0.5, f64::INFINITY])));
        let empty = r#"{"status":"success","data":{"resultType":"vector","result":[]},"warnings":["w"]}"#;
        assert_eq!(read(empty), Ok(Measured::Vector(Vec::new())));
        let scalar = r#"{"status":"success","data":{"resultType":"scalar","result":[1700000000,"-Inf"]}}"#;
        assert_eq!(read(scalar), Ok(Measured::Scalar(f64::NEG_INFINITY)));
    }

    #[test]
    fn a_number_that_is_none_arrives_as_such() {
        let scalar = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"NaN"]}}"#;
        assert!(matches!(read(scalar), Ok(Measured::Scalar(number)) if number.is_nan()));
    }

    #[test]
    fn errors_are_told() {
        let error =
            r#"{"status":"error","errorType":"bad_data","error":"parse error: unexpected end of input"}"#;
        assert_eq!(
            numbers(StatusCode::BAD_REQUEST, error.as_bytes()).unwrap_err(),
            "parse error: unexpected end of input"
        );
        assert_eq!(
            numbers(StatusCode::BAD_GATEWAY, b"<html>\n no\x1b[31m").unwrap_err(),
            "502 Bad Gateway: <html> no[31m"
        );
        for (kind, result) in [
            ("matrix", "[]"),
            ("string", "[1,\"a\"]"),
            ("vector", "[{\"metric\":{},\"histogram\":[1,{}]}]"),
            ("scalar", "[1,\"x\"]"),
        ] {
            assert!(
                read(&format!(
                    r#"{{"status":"success","data":{{"resultType":"{kind}","result":{result}}}}}"#
                ))
                .is_err(),
                "{kind}"
            );
        }
        assert!(read(r#"{"status":"success"}"#).is_err());
    }
}
