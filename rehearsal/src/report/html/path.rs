//! Lines through points, as SVG writes them: <https://www.w3.org/TR/SVG2/paths.html#PathData>.

use std::fmt::Write;

/// A line through points; where there is none, it is interrupted.
pub(super) fn line(points: impl IntoIterator<Item = Option<(f64, f64)>>) -> String {
    let mut path = String::new();
    let mut drawing = false;
    for point in points {
        let Some((x, y)) = point else {
            drawing = false;
            continue;
        };
        // A point by itself is shown as a dot, since its line has round ends.
        let command = if drawing { format!("L{x} {y}") } else { format!("M{x} {y}h0") };
        // Writing to a text cannot fail.
        let _ = path.write_str(&command);
        drawing = true;
    }
    path
}

/// The area below steps: each is at its height from its own x to that of the next, the last one to `end`.
pub(super) fn steps(points: &[(f64, f64)], bottom: f64, end: f64) -> String {
    let Some((first, _)) = points.first() else { return String::new() };
    let mut path = format!("M{first} {bottom}");
    for (x, y) in points {
        let _ = write!(path, "H{x}V{y}");
    }
    let _ = write!(path, "H{end}V{bottom}Z");
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_interrupted_where_there_is_no_point() {
        let points = [Some((0.0, 1.5)), Some((1.0, 2.0)), None, Some((3.0, 4.0))];
        assert_eq!(line(points), "M0 1.5h0L1 2M3 4h0");
        assert_eq!(line([]), "");
    }

    #[test]
    fn steps_keep_their_height_until_the_next() {
        assert_eq!(steps(&[(0.0, 10.0), (5.0, 4.0)], 20.0, 9.0), "M0 20H0V10H5V4H9V20Z");
        assert_eq!(steps(&[], 20.0, 9.0), "");
    }
}
