//! XML-RPC as far as saved answers need it: this crate never sends any, because JSON-RPC is there wherever XML-RPC is.

use pos_core::lenient::without_mark;
use serde_json::{Map, Number, Value};

/// How deep values may be nested.
const DEEPEST: usize = 32;

fn text(body: &[u8]) -> Option<&str> {
    let body = without_mark(body).trim_ascii();
    body.starts_with(b"<").then(|| std::str::from_utf8(body).ok()).flatten()
}

/// Whether a body is an answer of XML-RPC.
pub(crate) fn is_answer(body: &[u8]) -> bool {
    text(body).is_some_and(|text| text.get(..400).unwrap_or(text).contains("<methodResponse>"))
}

/// The number of the fault that a body is, 0 for one without a number, and what it says: the last line of it, because one kind
/// brings a whole traceback along (M14, M19).
pub(crate) fn fault(body: &[u8]) -> Option<(i64, Option<String>)> {
    if !is_answer(body) {
        return None;
    }
    let (_, fault) = text(body)?.split_once("<fault>")?;
    let value = Reader { rest: fault }.value(0).unwrap_or_default();
    let said = value.get("faultString").and_then(Value::as_str).and_then(|text| text.trim().lines().last());
    Some((value.get("faultCode").and_then(Value::as_i64).unwrap_or_default(), said.map(str::to_owned)))
}

/// The one value of an answer, as JSON.
pub(crate) fn value(body: &[u8]) -> Option<Value> {
    let (_, params) = text(body)?.split_once("<param>")?;
    Reader { rest: params }.value(0)
}

/// A way through the elements.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// Steps over a tag; `None` when something else comes.
    fn tag(&mut self, tag: &str) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(tag)?;
        Some(())
    }

    fn until(&mut self, tag: &str) -> Option<&'a str> {
        let (inner, rest) = self.rest.split_once(tag)?;
        self.rest = rest;
        Some(inner)
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEEPEST {
            return None;
        }
        if self.tag("<value/>").is_some() {
            return Some(Value::String(String::new()));
        }
        self.tag("<value>")?;
        let value = if self.tag("<struct>").is_some() {
            let mut members = Map::new();
            while self.tag("</struct>").is_none() {
                self.tag("<member>")?;
                self.tag("<name>")?;
                let name = plain(self.until("</name>")?);
                members.insert(name, self.value(depth + 1)?);
                self.tag("</member>")?;
            }
            Value::Object(members)
        } else if self.tag("<array>").is_some() {
            self.tag("<data>")?;
            let mut items = Vec::new();
            while self.tag("</data>").is_none() {
                items.push(self.value(depth + 1)?);
            }
            self.tag("</array>")?;
            Value::Array(items)
        } else if self.tag("<nil/>").is_some() {
            Value::Null
        } else if self.tag("<string/>").is_some() {
            Value::String(String::new())
        } else if self.tag("<boolean>").is_some() {
            Value::Bool(self.until("</boolean>")?.trim() == "1")
        } else if self.tag("<int>").is_some() {
            Value::Number(self.until("</int>")?.trim().parse::<i64>().ok()?.into())
        } else if self.tag("<i4>").is_some() {
            Value::Number(self.until("</i4>")?.trim().parse::<i64>().ok()?.into())
        } else if self.tag("<double>").is_some() {
            let number = self.until("</double>")?.trim();
            number.parse().ok().and_then(Number::from_f64).map(Value::Number)?
        } else if self.tag("<string>").is_some() {
            Value::String(plain(self.until("</string>")?))
        } else {
            // A value without a type is a text.
            let inner = self.until("</value>")?;
            return Some(Value::String(plain(inner)));
        };
        self.tag("</value>")?;
        Some(value)
    }
}

/// Text without the entities that XML has by itself.
fn plain(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(inner: &str) -> Option<Value> {
        value(format!("<?xml version=\"1.0\"?>\n<methodResponse><params>\n<param>{inner}</param></params></methodResponse>").as_bytes())
    }

    #[test]
    fn values_become_json_and_what_is_cut_off_becomes_nothing() {
        let whole = "<value><array><data> <value><struct><member><name>a&amp;b</name><value><int>7</int></value></member>\
                     <member><name>c</name><value><boolean>0</boolean></value></member></struct></value>\
                     <value><double>1.5</double></value><value><nil/></value><value>x &lt; y</value><value/></data></array></value>";
        assert_eq!(read(whole), Some(json!([{"a&b": 7, "c": false}, 1.5, null, "x < y", ""])));
        for end in 1..whole.len() {
            if whole.is_char_boundary(end) {
                assert_eq!(value(format!("<a><param>{}", &whole[..end]).as_bytes()), None, "{end}");
            }
        }
        assert_eq!(read(&"<value><array><data>".repeat(40)), None);
        assert_eq!(fault(b"<methodResponse><fault>"), Some((0, None)));
        let told = "<value><struct><member><name>faultString</name><value><string>Traceback\n  x\nOops\n</string></value></member></struct></value>";
        let told = fault(format!("<methodResponse><fault>{told}").as_bytes());
        assert_eq!(told, Some((0, Some("Oops".to_owned()))));
    }
}
