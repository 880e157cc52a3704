"""Checks for logit_difference, coarse to fine: two to three prompts of three positions and a vocabulary of five."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require

LOGITS = torch.tensor(
    [
        [[9.0, 1, 0, 3, 2], [5, 5, 5, 0, 0], [2, 7, 1, 4, 0.5]],
        [[0, 8, 2, 1, 1], [3, 1, 4, 1, 5], [6, 0, 1.5, 3, 8]],
    ]
)


def test_one_prompt(logit_difference):
    says = "At the last position the recipient (word 1) has logit 7 and the giver (word 3) has 4: the lead is 3."
    agree(logit_difference(LOGITS[:1], torch.tensor([1]), torch.tensor([3])), torch.tensor(3.0), says)
    says = "Here the recipient is word 0 with logit 6, the giver word 4 with 8: the lead is -2. A lead may be negative."
    agree(logit_difference(LOGITS[1:], torch.tensor([0]), torch.tensor([4])), torch.tensor(-2.0), says)


def test_each_prompt_has_its_own_names(logit_difference):
    got = logit_difference(LOGITS, torch.tensor([1, 0]), torch.tensor([3, 2]), per_prompt=True)
    says = "First prompt: word 1 against word 3, 7 - 4 = 3. Second: word 0 against word 2, 6 - 1.5 = 4.5."
    agree(got, torch.tensor([3.0, 4.5]), says)


def test_the_mean_is_the_default(logit_difference):
    got = logit_difference(LOGITS, torch.tensor([1, 0]), torch.tensor([3, 2]))
    agree(got, torch.tensor(3.75), "Without per_prompt: the mean of the prompts' leads, 3 and 4.5.")


def test_what_is_added_to_all_logits_cancels(logit_difference):
    moved = LOGITS + torch.tensor([100.0, -50.0])[:, None, None]
    got = logit_difference(moved, torch.tensor([1, 0]), torch.tensor([3, 2]), per_prompt=True)
    agree(got, torch.tensor([3.0, 4.5]), "All logits of a prompt were moved by one number: the leads stay 3 and 4.5.")


def test_gradients_flow_through_it(logit_difference):
    for per_prompt, weight in ((False, 0.5), (True, 1.0)):
        logits = LOGITS.clone().requires_grad_()
        got = logit_difference(logits, torch.tensor([1, 0]), torch.tensor([3, 2]), per_prompt=per_prompt)
        says = (
            f"per_prompt={per_prompt}: the answer must remember where it came from, so that gradients can flow through "
            "it: no .item(), no .detach(), no new torch.tensor([...])."
        )
        require(got.requires_grad, says, got=got)
        expected = torch.zeros_like(LOGITS)
        expected[0, -1, 1], expected[1, -1, 0] = weight, weight
        expected[0, -1, 3], expected[1, -1, 2] = -weight, -weight
        says = f"per_prompt={per_prompt}: the gradient of the (summed) answer is {weight} at each recipient, -{weight} at each giver."
        agree(torch.autograd.grad(got.sum(), logits)[0], expected, says)


def test_it_holds_for_numbers_drawn_at_random(logit_difference):
    logits, names = torch.randn(4, 3, 7), torch.stack([torch.randperm(7)[:2] for _ in range(4)])
    leads = [float(logits[row, 2, one] - logits[row, 2, other]) for row, (one, other) in enumerate(names.tolist())]
    got = [logit_difference(logits, *names.unbind(dim=1), per_prompt=each) for each in (True, False)]
    says = "Random logits and names of four prompts: the lead of each by itself, and then the mean of the four."
    agree(got, [torch.tensor(leads), torch.tensor(sum(leads) / 4)], says)


LEAD = "lead = last[rows, recipient] - last[rows, giver]"
MUTANTS = [
    Mutant("the giver's lead is measured", LEAD, "lead = last[rows, giver] - last[rows, recipient]", check="test_one_prompt"),
    Mutant("the first position is asked", "logits[:, -1]", "logits[:, 0]", check="test_one_prompt"),
    Mutant("all positions are averaged", "logits[:, -1]", "logits.mean(dim=1)", check="test_one_prompt"),
    Mutant("the position before the last is asked", "logits[:, -1]", "logits[:, -2]", check="test_one_prompt"),
    Mutant("probabilities are subtracted, and not logits", "logits[:, -1]", "logits[:, -1].softmax(dim=-1)",
           check="test_one_prompt"),
    Mutant("the sign is thrown away", LEAD, "lead = (last[rows, recipient] - last[rows, giver]).abs()", check="test_one_prompt"),
    Mutant("only the recipient's logit is measured", LEAD, "lead = last[rows, recipient]", check="test_one_prompt"),
    Mutant("every prompt is asked for every prompt's names", LEAD,
           "lead = (last[:, recipient] - last[:, giver]).mean(dim=-1)", check="test_each_prompt_has_its_own_names"),
    Mutant("per_prompt is not looked at", "return lead if per_prompt else lead.mean()", "return lead.mean()",
           check="test_each_prompt_has_its_own_names"),
    Mutant("the numbers are cut off from the logits that they come from", LEAD, LEAD.replace("lead = ", "lead = (") + ").detach()",
           check="test_gradients_flow_through_it"),
    Mutant("a new tensor is made of bare numbers", "return lead if per_prompt else lead.mean()",
           "return torch.tensor(lead.tolist()) if per_prompt else torch.tensor(lead.mean().item())",
           check="test_gradients_flow_through_it"),
    Mutant("the leads are summed", "lead.mean()", "lead.sum()", check="test_the_mean_is_the_default"),
    Mutant("the median is taken", "lead.mean()", "lead.median()", check="test_the_mean_is_the_default"),
    Mutant("one number a prompt comes back in any case", "return lead if per_prompt else lead.mean()", "return lead",
           check="test_one_prompt"),
    Mutant("the odds of the two words are taken without their logarithm", LEAD,
           "odds = (last - 4).exp()\n    lead = odds[rows, recipient] / odds[rows, giver]", check="test_one_prompt"),
    Mutant("logits are divided by the largest one first, to keep them small", "logits[:, -1]",
           "logits[:, -1] / (logits[:, -1].abs().amax(dim=-1, keepdim=True) / 10).clamp(min=1)",
           check="test_what_is_added_to_all_logits_cancels"),
]  # fmt: skip

ACCEPTED = [
    Accepted("gather", LEAD, "lead = (last.gather(1, recipient[:, None]) - last.gather(1, giver[:, None]))[:, 0]"),
    Accepted(
        "log-probabilities, whose differences are those of the logits", "logits[:, -1]", "logits[:, -1].log_softmax(-1)"
    ),
]
