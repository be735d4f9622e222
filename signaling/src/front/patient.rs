//! How long a connection may do nothing: whoever connects and says nothing, or asks and takes nothing
//! of the answer, is cut.
//!
//! Wraps a listener's acceptor, outside of TLS, so that a finished handshake alone is not enough. From
//! the request's head on hyper has a timer of its own; before the first bytes it has none
//! (hyper-util's `ReadVersion` waits for ever).

use axum_server::accept::Accept;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How long others may keep us waiting.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a request's head, also for the first after connecting and the next on a kept connection.
    pub head: Duration,
    /// For a request's whole body.
    pub body: Duration,
    /// For the body of a request that brings a file.
    pub file: Duration,
    /// For a peer that takes nothing of its answer.
    pub stall: Duration,
}

impl Default for Patience {
    /// A body has at most 256 KiB: in 15 s it arrives at 140 kbit/s, which carries no lesson. A file has at most 8 MiB: in 60 s
    /// it arrives at 1.1 Mbit/s.
    fn default() -> Self {
        Self {
            head: Duration::from_secs(15),
            body: Duration::from_secs(15),
            file: Duration::from_secs(60),
            stall: Duration::from_secs(60),
        }
    }
}

/// With these bytes a connection speaks HTTP/2 without asking (RFC 9113 §3.4). Nobody of ours does,
/// and its idle connections have no timer.
const HTTP2: &[u8] = b"PRI";

/// Accepts what `inner` accepts, and watches it.
#[derive(Clone)]
pub struct Patient<A> {
    inner: A,
    patience: Patience,
}

impl<A> Patient<A> {
    /// Around another acceptor.
    pub fn new(inner: A, patience: Patience) -> Self {
        Self { inner, patience }
    }
}

impl<I, S, A> Accept<I, S> for Patient<A>
where
    A: Accept<I, S>,
    A::Future: Send + 'static,
{
    type Stream = Watched<A::Stream>;
    type Service = A::Service;
    type Future =
        Pin<Box<dyn Future<Output = io::Result<(Watched<A::Stream>, A::Service)>> + Send + 'static>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let accepting = self.inner.accept(stream, service);
        let patience = self.patience;
        Box::pin(async move {
            let (stream, service) = accepting.await?;
            Ok((Watched::new(stream, patience), service))
        })
    }
}

/// A connection under watch.
pub struct Watched<S> {
    stream: S,
    stall: Duration,
    /// Until the first bytes are there.
    greeting: Option<Greeting>,
    /// Since a write found no room.
    stalled: Option<Pin<Box<Sleep>>>,
}

struct Greeting {
    bytes: Vec<u8>,
    deadline: Pin<Box<Sleep>>,
}

impl<S> Watched<S> {
    fn new(stream: S, patience: Patience) -> Self {
        let greeting = Greeting { bytes: Vec::new(), deadline: Box::pin(sleep(patience.head)) };
        Self { stream, stall: patience.stall, greeting: Some(greeting), stalled: None }
    }

    fn heard(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(greeting) = &mut self.greeting else { return Ok(()) };
        let missing = HTTP2.len() - greeting.bytes.len();
        greeting.bytes.extend(bytes.iter().take(missing));
        if greeting.bytes == HTTP2 {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "HTTP/2 is not spoken here"));
        }
        if greeting.bytes.len() == HTTP2.len() {
            self.greeting = None;
        }
        Ok(())
    }

    /// What a write came to, and whether the peer has taken nothing for too long.
    fn wrote<T>(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.stalled = None;
            return outcome;
        }
        let stall = self.stall;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(stall)));
        match stalled.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(too_slow("takes nothing of its answer"))),
            Poll::Pending => Poll::Pending,
        }
    }
}

fn too_slow(what: &'static str) -> io::Error {
    metrics::counter!("tongtang_connections_cut_total").increment(1);
    io::Error::new(io::ErrorKind::TimedOut, what)
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Ready(Ok(())) => Poll::Ready(self.heard(&buf.filled()[before..])),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                let Some(greeting) = &mut self.greeting else { return Poll::Pending };
                match greeting.deadline.as_mut().poll(cx) {
                    Poll::Ready(()) => Poll::Ready(Err(too_slow("says nothing"))),
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(cx, outcome)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(cx);
        self.wrote(cx, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.wrote(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.wrote(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    #[tokio::test]
    async fn a_peer_that_takes_nothing_is_cut() {
        let (ours, mut theirs) = duplex(64);
        let patience = Patience { stall: Duration::from_millis(20), ..Patience::default() };
        let mut watched = Watched::new(ours, patience);
        let wrote = tokio::spawn(async move { watched.write_all(&[0; 1000]).await });
        let mut some = [0; 64];
        theirs.read_exact(&mut some).await.unwrap();
        assert_eq!(wrote.await.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn once_something_was_said_reading_is_hypers_business() {
        let (ours, mut theirs) = duplex(64);
        let mut watched = Watched::new(ours, Patience::default());
        theirs.write_all(b"GE").await.unwrap();
        let mut some = [0; 2];
        watched.read_exact(&mut some).await.unwrap();
        assert!(watched.greeting.is_some(), "two letters are no request");
        theirs.write_all(b"T ").await.unwrap();
        watched.read_exact(&mut some).await.unwrap();
        assert!(watched.greeting.is_none());
    }
}
