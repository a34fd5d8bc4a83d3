//! The calls that one caller has under way, over all its connections.
//!
//! A call holds its answer until the other end has taken it, and a caller may have many connections
//! with many streams on each: without a bound on both together, answers that nobody reads would
//! take the memory of all.

use std::{
    collections::HashMap,
    marker::PhantomData,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tonic::{
    Status,
    body::Body,
    codegen::{
        BoxFuture,
        http::{Request, Response},
    },
};
use tower::{Layer, Service};

use super::{
    connection::{Caller, CallerInfo},
    identity::SpiffeId,
};

/// Lets each caller of a listener have so many calls under way, and refuses the next with
/// `RESOURCE_EXHAUSTED`. To be given to tonic's `Server::layer`, behind
/// [`accept`](super::listener::accept).
#[derive(Clone)]
pub struct CallsPerCaller<I> {
    most: usize,
    counts: Counts,
    caller: PhantomData<fn() -> I>,
}

impl<I> CallsPerCaller<I> {
    /// At most so many, their answers included until they are taken.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            counts: Counts::default(),
            caller: PhantomData,
        }
    }
}

impl<I, S> Layer<S> for CallsPerCaller<I> {
    type Service = Bounded<I, S>;

    fn layer(&self, inner: S) -> Bounded<I, S> {
        Bounded {
            most: self.most,
            counts: self.counts.clone(),
            caller: PhantomData,
            inner,
        }
    }
}

/// A service behind [`CallsPerCaller`].
#[derive(Clone)]
pub struct Bounded<I, S> {
    most: usize,
    counts: Counts,
    caller: PhantomData<fn() -> I>,
    inner: S,
}

impl<I, S> Service<Request<Body>> for Bounded<I, S>
where
    I: Caller,
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<Self::Response, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let caller = request.extensions().get::<CallerInfo<I>>();
        let Some(call) = caller.and_then(|caller| self.counts.begin(caller.id.name(), self.most))
        else {
            return Box::pin(async { Ok(too_many()) });
        };
        let answer = self.inner.call(request);
        Box::pin(async move {
            Ok(answer
                .await?
                .map(|body| Body::new(Answer { body, _call: call })))
        })
    }
}

/// Neither service has judged the call yet: both are behind this.
fn too_many() -> Response<Body> {
    Status::resource_exhausted("too many calls are under way; take their answers first").into_http()
}

/// How many calls each caller has under way.
#[derive(Clone, Default)]
struct Counts(Arc<Mutex<HashMap<SpiffeId, usize>>>);

impl Counts {
    fn begin(&self, caller: &SpiffeId, most: usize) -> Option<Call> {
        let mut counts = self.lock();
        let count = counts.entry(caller.clone()).or_default();
        if *count >= most {
            return None;
        }
        *count = count.saturating_add(1);
        Some(Call {
            counts: self.clone(),
            caller: caller.clone(),
        })
    }

    /// The map is whole whatever thread panicked over it.
    fn lock(&self) -> MutexGuard<'_, HashMap<SpiffeId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call under way; over when dropped.
struct Call {
    counts: Counts,
    caller: SpiffeId,
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut counts = self.counts.lock();
        if let Some(count) = counts.get_mut(&self.caller) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.caller);
            }
        }
    }
}

/// An answer, whose call is under way until it is taken or dropped.
struct Answer {
    body: Body,
    _call: Call,
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_has_no_more_calls_than_it_may_until_one_is_over() {
        let counts = Counts::default();
        let [one, other] = ["350582", "530111"].map(|area| {
            format!("spiffe://td/area/{area}")
                .parse::<SpiffeId>()
                .unwrap()
        });
        let first = counts.begin(&one, 2).unwrap();
        let _second = counts.begin(&one, 2).unwrap();
        assert!(counts.begin(&one, 2).is_none());
        assert!(counts.begin(&other, 2).is_some(), "each for itself");
        drop(first);
        assert!(counts.begin(&one, 2).is_some());
        assert_eq!(counts.lock().len(), 1, "nothing is left of the others");
    }
}
