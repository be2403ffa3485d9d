from __future__ import annotations

from bot.app import App
from bot.door.outcomes import Done, WaitingForApproval
from tests.conftest import invoke


async def test_an_approved_drill_runs_once(app: App) -> None:
    asked = await invoke(app, "sre", "maintenance.drill", label="x", environment="staging")
    assert isinstance(asked, WaitingForApproval)
    said = await invoke(app, "devops", "approvals.decide", approval=asked.approval_id, verdict="approve")
    assert isinstance(said, Done), said
    ran = await app.approved.result(asked.approval_id, 20)
    assert isinstance(ran, Done)
    assert ran.output == {"label": "x", "environment": "staging", "written": True, "drills": 1}
    assert not (await app.audit.verify()).faults
