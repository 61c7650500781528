"""The model that ships with the course: small, and as good as notebook 1 says."""

from charrnn_helpers.data import TimeMachine
from charrnn_helpers.models import PATH, trained_model
from charrnn_helpers.training import evaluate, perplexity
from tests.conftest import needs_book


def test_it_is_small():
    assert PATH.stat().st_size < 150_000
    model, vocab = trained_model()
    assert model.vocab_size == len(vocab) == 28


@needs_book
def test_it_predicts_a_part_of_the_book_that_it_has_not_read(book):
    model, vocab = trained_model()
    data = TimeMachine(8, 64, book)
    assert data.vocab.idx_to_token == vocab.idx_to_token
    loss = evaluate(model, data.val_batches())
    assert 4.5 < perplexity(loss) < 5.5
