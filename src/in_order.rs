//! Futures that run side by side and are answered in the order in which they began.

use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll},
};

type Running<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A queue of futures. Each is first polled after all before it, so they begin in order too.
pub(crate) struct InOrder<T> {
    slots: VecDeque<Slot<T>>,
}

enum Slot<T> {
    Running(Running<T>),
    Done(T),
}

impl<T> InOrder<T> {
    pub(crate) const fn new() -> Self {
        Self {
            slots: VecDeque::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn push(&mut self, future: impl Future<Output = T> + Send + 'static) {
        self.slots.push_back(Slot::Running(Box::pin(future)));
    }

    /// Runs all; done when the oldest is. May be dropped and called again. Pending for ever on an
    /// empty queue.
    pub(crate) async fn next(&mut self) -> T {
        poll_fn(|context| self.poll_next(context)).await
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<T> {
        for slot in &mut self.slots {
            if let Slot::Running(future) = slot
                && let Poll::Ready(value) = future.as_mut().poll(context)
            {
                *slot = Slot::Done(value);
            }
        }
        match self.slots.pop_front() {
            Some(Slot::Done(value)) => Poll::Ready(value),
            Some(running) => {
                self.slots.push_front(running);
                Poll::Pending
            }
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn answers_come_in_the_order_of_the_questions() {
        let (first, one) = oneshot::channel();
        let (second, two) = oneshot::channel();
        let mut queue = InOrder::new();
        queue.push(async move { one.await.unwrap() });
        queue.push(async move { two.await.unwrap() });
        second.send(2).unwrap();
        let early = tokio::time::timeout(std::time::Duration::from_millis(20), queue.next()).await;
        assert!(early.is_err(), "the first is not done");
        first.send(1).unwrap();
        assert_eq!((queue.next().await, queue.next().await), (1, 2));
        assert_eq!(queue.len(), 0);
    }
}
