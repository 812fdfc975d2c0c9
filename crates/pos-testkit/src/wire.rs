//! As much of an HTTP client as a test needs: one request, one answer, one connection.

use std::io;

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    #[cfg_attr(not(test), allow(dead_code, reason = "only the sandbox's own tests look at it"))]
    pub(crate) headers: HeaderMap,
    #[cfg_attr(not(test), allow(dead_code, reason = "only the sandbox's own tests look at it"))]
    pub(crate) body: Vec<u8>,
}

/// The largest answer that is read.
const MAX_ANSWER: u64 = 64 * 1024 * 1024;

/// Sends one request over plain HTTP/1.1.
pub(crate) async fn send(method: &str, url: &Url, headers: &HeaderMap, body: &[u8]) -> io::Result<Answer> {
    let broken = |what: &'static str| io::Error::new(io::ErrorKind::InvalidData, what);
    let host = url.host_str().ok_or_else(|| broken("the address has no host"))?;
    let port = url.port_or_known_default().unwrap_or(80);
    let mut stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let mut head =
        format!("{method} {target} HTTP/1.1\r\nhost: {host}:{port}\r\nconnection: close\r\n").into_bytes();
    for (name, value) in headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    stream.write_all(&head).await?;
    stream.write_all(body).await?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut answer).await?;
    let end =
        answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(|| broken("no end of the head"))?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| broken("no status"))?;
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value.trim())) {
            headers.append(name, value);
        }
    }
    let body = answer.split_off(end + 4);
    let declared = headers
        .get("content-length")
        .and_then(|length| length.to_str().ok())
        .and_then(|length| length.parse().ok());
    if declared.is_some_and(|length: usize| length != body.len()) {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the body is shorter than declared"));
    }
    Ok(Answer { status, headers, body })
}
