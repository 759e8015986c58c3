"""Jobs that are answered where they are sent, so that a test drives them."""

from collections.abc import Callable, Sequence

from workers.dispatch import Message, Send


def answered_by(answer: Callable[..., object]) -> Send:
    """Messages are answered one after the other by `answer(actor, *arguments)`."""

    def send(messages: Sequence[Message]) -> None:
        for message in messages:
            answer(message.actor, *message.arguments)

    return send
