from __future__ import annotations

import re
from dataclasses import replace

import pytest
from judged import NOTHING, score

from napari_unet.finetuning.judging.verdict import choose_candidate, reach_verdict
from napari_unet.heads.instances.verdict import _how_many_more
from napari_unet.heads.outcome import Evenness, Kept, Outcome, rank
from napari_unet.heads.registry import head_named
from napari_unet.heads.survey import ReviewedObject, Survey
from napari_unet.labels.evidence import Score, ScoreDifference


def judge(before: Score | None, after: Score | None, steps: int = 100, **more):
    return reach_verdict(Outcome(steps, NOTHING, before, after, **more), head_named("instances"))


@pytest.mark.parametrize(
    ("values", "n", "chosen"),
    [
        ([0.5, 0.9], 30, 1),
        ([0.9, 0.2], 30, 0),  # clearly worse: back to the best
        ([0.5, 0.52, 0.5], 50, 2),  # the same within what so few objects can tell: the latest
        ([0.5, 0.52, 0.5], 100_000, 1),
        ([0.4], 3, 0),
    ],
)
def test_the_latest_of_the_best_is_chosen(values: list[float], n: int, chosen: int) -> None:
    assert choose_candidate([score(value, n) for value in values]) == chosen


@pytest.mark.parametrize(
    ("before", "after", "n", "better"),
    [
        (0.5, 0.8, 40, True),
        (0.5, 0.5, 40, False),
        (0.5, 0.4, 40, False),
        (0.5, 0.75, 4, None),  # one object of four more: chance
        (0.97, 1.0, 100, False),  # nothing was left to gain
        (0.0, 0.05, 100, False),  # labels that nobody can find are nonsense
    ],
)
def test_better_not_better_or_unknown(before: float, after: float, n: int, better: bool | None) -> None:
    assert judge(score(before, n), score(after, n)).better is better


def test_the_same_on_a_few_objects_says_nothing_against_what_was_corrected() -> None:
    corrected = ReviewedObject(0, (), 1, (5.0, 5.0), 50, corrected=True)
    survey = Survey((corrected,), (), 100)
    unknown = reach_verdict(Outcome(100, survey, score(0.5, 4), score(0.5, 4)), head_named("instances"))
    assert unknown.better is None
    assert "cannot be known yet" in unknown.sentence
    for before, after, n in ((0.5, 0.1, 8), (0.0, 0.0, 8), (1.0, 1.0, 20)):
        assert (
            reach_verdict(Outcome(100, survey, score(before, n), score(after, n)), head_named("instances")).better
            is False
        )
    assert judge(score(0.5, 4), score(0.5, 4)).better is False  # nothing was corrected


CORRECTED = Survey((ReviewedObject(0, (), 1, (5.0, 5.0), 50, corrected=True),), (), 100)


@pytest.mark.parametrize(("n", "better"), [(2, None), (3, False)])
def test_three_objects_chosen_for_the_parents_mistakes_speak_against_who_loses_them(
    n: int, better: bool | None
) -> None:
    before = replace(score(1.0, n), mean_ap=0.9)
    verdict = reach_verdict(Outcome(100, CORRECTED, before, score(0.0, n)), head_named("instances"))
    assert verdict.better is better
    assert "neither" not in verdict.sentence


@pytest.mark.parametrize(
    ("after", "n", "better"),
    [(1 / 3, 3, None), (0.4, 5, None), (0.4, 10, None), (0.1, 10, False), (0.4, 100, False)],
)
def test_a_loss_that_may_be_chance_is_no_verdict_but_keeps_the_old_model(
    after: float, n: int, better: bool | None
) -> None:
    verdict = reach_verdict(Outcome(100, CORRECTED, score(0.6, n), score(after, n)), head_named("instances"))
    assert verdict.better is better
    assert verdict.cautious is (better is None)
    assert ("Probably not better" in verdict.sentence) is (better is None)


def test_a_loss_on_labels_that_are_no_corrections_may_be_chance_as_well() -> None:
    verdict = judge(score(0.6, 10), score(0.5, 10))
    assert (verdict.better, verdict.cautious) == (None, True)


def test_how_many_objects_would_settle_a_loss_is_told() -> None:
    verdict = reach_verdict(Outcome(100, CORRECTED, score(0.6, 10), score(0.4, 10)), head_named("instances"))
    assert "cannot be known yet" in verdict.sentence
    assert re.search(r"review about \d+0 more objects", verdict.sentence)


@pytest.mark.parametrize(("n", "better"), [(7, None), (8, True)])
def test_a_gain_on_fewer_than_eight_objects_may_be_chance(n: int, better: bool | None) -> None:
    verdict = judge(score(0.0, n, 2), score(1.0, n, 2))
    assert verdict.better is better
    assert ("Probably better" in verdict.sentence) is (better is None)
    assert ("rough measure" in verdict.sentence) is (better is True)


def test_a_gain_in_one_of_two_images_alone_may_be_chance() -> None:
    """Objects of one image go up and down together."""
    before, one, both = score(0.4, 20, 2), score(0.6, 20, 2), score(0.6, 20, 2)
    rows = before.evidence.rows.copy()
    rows[[9, 11, 13, 15], :9] = rows[[9, 11, 13, 15], 10:] = 1  # as many more, all in the second image
    one = replace(one, evidence=replace(before.evidence, rows=rows))
    assert rank(one) == rank(both)
    assert judge(before, both).better is True
    assert judge(before, one).better is None


@pytest.mark.parametrize(
    ("n_shared", "images", "said"),
    [
        (0, 2, "Better."),
        (0, 1, "Better on the image that was held out; others may differ."),
        (1, 1, "Better on this image; others may differ."),
        (2, 2, "Better on these images; others may differ."),
        (2, 1, "Better on these images; others may differ."),
        (1, 2, "Better on these images; others may differ."),
    ],
)
def test_of_which_images_a_gain_is_known_is_told(n_shared: int, images: int, said: str) -> None:
    verdict = judge(score(0.4, 40, images), score(0.8, 40, images), n_shared=n_shared)
    assert verdict.better is True
    assert verdict.sentence.endswith(f"0.40 -> 0.80. {said}")


def test_outlines_alone_are_told_with_the_images_that_they_were_seen_on() -> None:
    before, after = score(0.4, 40, 2), score(0.8, 40, 2)
    closer = replace(after, ap50=before.ap50)
    assert judge(before, closer).sentence.endswith("Better: outlines are closer to yours.")
    told = judge(score(0.4, 40), replace(score(0.8, 40), ap50=before.ap50), n_shared=1).sentence
    assert told.endswith("Better on this image: outlines are closer to yours; others may differ.")


def test_few_objects_decide_nothing_unless_not_even_the_others_were_learned() -> None:
    corrected = ReviewedObject(0, (), 1, (5.0, 5.0), 50, corrected=True)
    survey = Survey((corrected,), (), 100)
    for before, after, n in ((0.5, 0.0, 2), (0.0, 0.0, 4)):
        scores = score(before, n), score(after, n)
        learned = reach_verdict(Outcome(100, survey, *scores, learned_after=score(0.6, 12)), head_named("instances"))
        assert learned.better is None
        assert "too few to tell" in learned.sentence
        nonsense = reach_verdict(Outcome(100, survey, *scores, learned_after=score(0.0, 12)), head_named("instances"))
        assert nonsense.better is False
        assert "Check that the labels belong" in nonsense.sentence


def test_who_only_deleted_is_told_to_draw_too() -> None:
    kept = ReviewedObject(0, (), 1, (5.0, 5.0), 50, corrected=False)
    deleted = Survey((kept,), ((0, (), (9.0, 9.0)),), 100)
    for scores in (
        {"before": score(0.5, 40), "after": score(0.4, 40)},
        {"learned_before": score(0.5, 3), "learned_after": score(0.4, 3)},
    ):
        verdict = reach_verdict(Outcome(100, deleted, **scores), head_named("instances"))
        assert verdict.better is False
        assert "only deleted" in verdict.sentence


def test_the_sentence_names_scores_and_how_many_objects() -> None:
    verdict = judge(score(0.5, 14), score(0.86, 14))
    assert "0.50 -> 0.86" in verdict.sentence
    assert "14 objects" in verdict.sentence
    said = [
        verdict,
        judge(score(0.6), score(0.5)),
        judge(None, None),
        judge(None, None, 0),
        judge(score(0.5, 4), score(0.75, 4)),
    ]
    assert len({one.sentence for one in said}) == 5
    assert "cannot be known yet" in said[-1].sentence


def test_without_held_out_objects_those_learned_from_can_still_speak_against_it() -> None:
    assert judge(None, None, learned_before=score(0.0, 3), learned_after=score(1.0, 3)).better is None
    right = judge(None, None, learned_before=score(1.0, 3), learned_after=score(1.0, 3))
    assert right.better is False
    assert "already right" in right.sentence
    useless = judge(None, None, learned_before=score(0.0, 3), learned_after=score(0.0, 3))
    assert useless.better is False
    assert "check that the labels belong to this image" in useless.sentence


def test_what_became_of_the_base_types_is_told() -> None:
    kept = judge(score(0.5), score(0.9), base_before=score(0.9), base_after=score(0.9))
    assert "0.90 -> 0.90" in kept.sentence
    assert "forgotten" not in kept.sentence
    lost = judge(score(0.5), score(0.9), base_before=score(0.9), base_after=score(0.6))
    assert lost.better
    assert "forgotten" in lost.sentence


def test_a_gain_in_outlines_alone_is_called_so() -> None:
    before, after = score(0.5, 4), score(0.75, 4)
    closer = replace(after, ap50=before.ap50)
    said = judge(before, closer).sentence
    assert "Outlines are probably closer to yours" in said
    assert "cannot be known yet" in said


def test_deletions_alone_are_no_gain_where_they_cost_what_nobody_deleted() -> None:
    lost, kept = Kept(0.4, 20), Kept(0.9, 20)
    verdict = judge(score(0.5, 40), score(0.8, 40), kept=lost)
    assert verdict.better is None
    assert verdict.cautious  # some that lost as many were better, some were worse
    assert "no longer finds 12 of 20 objects" in verdict.sentence
    assert "only deleted" in verdict.sentence
    good = judge(score(0.5, 40), score(0.8, 40), kept=kept)
    assert good.better is True
    assert not good.cautious


def test_uneven_outlines_are_told_where_they_are_in_the_way() -> None:
    uneven, even = Evenness(0.4, 2.1, 20), Evenness(1.5, 0.6, 20)
    said = judge(score(0.5, 40), score(0.5, 40), evenness=uneven).sentence
    assert "outlines differ among themselves more than the model's from them (by 2.1 px, and 0.4 px)" in said
    for other in (
        judge(score(0.5, 40), score(0.5, 40), evenness=even),
        judge(score(0.5, 40), score(0.8, 40), evenness=uneven),
    ):
        assert "outlines differ" not in other.sentence


@pytest.mark.parametrize(
    ("low", "n", "words"), [(-0.1, 10, "about 120"), (0.09, 10, "about 10"), (-0.9, 30, "many"), (-0.1, 20, "many")]
)
def test_how_many_more_objects_would_tell(low: float, n: int, words: str) -> None:
    """The margin is to shrink to the difference, by the square root of their number; a quarter of them is held out."""
    assert _how_many_more(ScoreDifference(0.1, low, 0.3, 0.8, n)) == words
    assert _how_many_more(ScoreDifference(-0.1, -0.3, -low, 0.2, n)) == words


@pytest.mark.parametrize(("learned", "better"), [(0.05, False), (0.1, None), (0.5, None)])
def test_who_does_not_even_find_what_it_learned_from_is_not_better(learned: float, better: bool | None) -> None:
    some = Survey((ReviewedObject(0, (), 1, (0.0, 0.0), 9, True),), (), 9)
    outcome = Outcome(50, some, score(0.5, 4), score(0.5, 4), learned_after=score(learned, 100))
    assert reach_verdict(outcome, head_named("instances")).better is better


@pytest.mark.parametrize(("n_known", "better"), [(0, False), (19, False), (20, None), (40, None)])
def test_an_old_model_that_learned_from_half_of_it_before_is_flattered(n_known: int, better: bool | None) -> None:
    assert judge(score(0.6, 40), score(0.6, 40), n_known=n_known).better is better


@pytest.mark.parametrize(("before", "better"), [(0.95, True), (0.97, False)])
def test_there_is_something_to_gain_up_to_a_score(before: float, better: bool) -> None:
    assert judge(score(before, 1000), score(1.0, 1000)).better is better


@pytest.mark.parametrize(("after", "words"), [(0.05, "neither model finds"), (0.15, "Better on")])
def test_labels_that_nobody_finds_do_not_belong_to_the_image(after: float, words: str) -> None:
    assert words in judge(score(0.0, 200), score(after, 200)).sentence


@pytest.mark.parametrize(("lost", "told"), [(0.01, False), (0.03, True)])
def test_what_was_forgotten_is_told_if_it_is_more_than_a_little(lost: float, told: bool) -> None:
    base = {"base_before": score(0.8, 1000), "base_after": score(0.8 - lost, 1000)}
    said = judge(score(0.5, 40), score(0.9, 40), **base).sentence
    assert f"knew before: 0.80 -> {0.8 - lost:.2f}." in said
    assert ("has forgotten" in said) is told
    assert "knew before" not in judge(score(0.5, 40), score(0.9, 40), base_before=score(0.8)).sentence


@pytest.mark.parametrize(("before", "after", "words"), [(0.97, 1.0, "already right"), (0.5, 0.5, "does not find them")])
def test_where_nothing_was_held_out_what_was_learned_speaks(before: float, after: float, words: str) -> None:
    given = {"learned_before": score(before, 100), "learned_after": score(after, 100)}
    verdict = judge(None, None, **given)
    assert verdict.better is False
    assert words in verdict.sentence
    better = judge(None, None, learned_before=score(0.5, 100), learned_after=score(0.6, 100))
    assert better.better is None
    assert "too few to hold any back" in better.sentence
    assert judge(None, None, learned_before=score(0.0), learned_after=score(0.0)).better is False


@pytest.mark.parametrize(("share", "better"), [(0.69, None), (0.7, True)])
def test_of_what_nobody_deleted_seven_of_ten_have_to_stay(share: float, better: bool | None) -> None:
    verdict = judge(score(0.5, 40), score(0.9, 40), kept=Kept(share, 100))
    assert verdict.better is better
    assert ("no longer finds 31 of 100" in verdict.sentence) is verdict.cautious is (better is None)


@pytest.mark.parametrize(("share", "better"), [(0.19, False), (0.2, None)])
def test_who_finds_next_to_nothing_after_deletions_is_not_better(share: float, better: bool | None) -> None:
    verdict = judge(score(0.5, 40), score(0.9, 40), kept=Kept(share, 100))
    assert verdict.better is better
    assert verdict.sentence.startswith("Not better: the new model no longer finds 81 of 100") is (better is False)
    assert "only deleted" in verdict.sentence


@pytest.mark.parametrize(
    ("spread", "offset", "n", "uneven"),
    [(1.1, 0.0, 10, True), (1.0, 0.0, 10, False), (1.1, 0.0, 9, False), (3.1, 2.0, 30, True), (2.9, 2.0, 30, False)],
)
def test_a_hand_is_uneven_by_more_than_a_pixel_and_more_than_the_model(
    spread: float, offset: float, n: int, uneven: bool
) -> None:
    assert Evenness(offset, spread, n).is_uneven is uneven


def test_objects_found_and_outlines_followed_rank_alike() -> None:
    assert rank(Score(0.8, 0.0, 0.4, 9)) == pytest.approx(0.6)


def test_before_the_first_step_nothing_was_learned() -> None:
    verdict = judge(score(0.5), score(0.9), steps=0)
    assert verdict.better is False
    assert verdict.sentence.startswith("Stopped before the first step")


@pytest.mark.parametrize(("n", "cautious"), [(5, False), (9, False), (10, True), (40, True)])
def test_just_as_good_is_not_known_yet_and_on_many_keeps_the_old_model(n: int, cautious: bool) -> None:
    verdict = reach_verdict(Outcome(50, CORRECTED, score(0.6, n), score(0.6, n)), head_named("instances"))
    assert (verdict.better, verdict.cautious) == (None, cautious)
    assert "Just as good" in verdict.sentence


@pytest.mark.parametrize(("value", "n", "better"), [(1.0, 19, None), (1.0, 20, False), (0.0, 7, None), (0.0, 8, False)])
def test_few_that_are_all_right_or_all_missed_say_nothing_of_others(value: float, n: int, better: bool | None) -> None:
    verdict = reach_verdict(Outcome(50, CORRECTED, score(value, n), score(value, n)), head_named("instances"))
    assert verdict.better is better
    assert ("already right" in verdict.sentence or "neither" in verdict.sentence) is (better is False)
