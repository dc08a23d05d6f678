"""A flow as the service serves it: a deployment that is as the code and `params.yaml` say."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from prefect import Flow, get_client
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.responses import DeploymentResponse
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from pydantic import BaseModel, ValidationError

from kantor.errors import SetupError

NAME = "kantor"
_PLAIN = ("description", "parameters", "tags", "entrypoint", "enforce_parameter_schema")


class Deployment(RunnerDeployment):
    """A deployment that changes on the server only where it differs from what is here.

    Otherwise its schedule would be made anew, and a run that is about to start would start twice.
    """

    async def aapply(self, *args: Any, **kwargs: Any) -> UUID:
        """Create it, or put back what was changed elsewhere; its id.

        A pause that somebody set in Prefect's page, for it or for a schedule of it, stays.

        Raises
        ------
        SetupError
            If it was deployed to a work pool: changed here, neither would run it.
        """
        async with get_client() as client:
            try:
                known = await client.read_deployment_by_name(self.full_name)
            except ObjectNotFound:
                return await super().aapply(*args, **kwargs)
            if known.work_pool_name is not None:
                raise SetupError(
                    f"{self.full_name} is deployed to the work pool {known.work_pool_name}: deploy "
                    f"it there under another name, and `prefect deployment delete {self.full_name}`"
                )
            different = self._differences(known)
            if not different:
                return known.id
            print(f"{self.full_name}: put back as it is here: {', '.join(different)}", flush=True)
            # These would stay as they are when it is applied again.
            stays = DeploymentUpdate(
                path=self._path, entrypoint=self.entrypoint, pull_steps=[], job_variables={}
            )
            await client.update_deployment(known.id, stays)
        return await super().aapply(*args, **kwargs)

    def _differences(self, known: DeploymentResponse) -> list[str]:
        """What the server has otherwise, by name."""
        limit, options = known.global_concurrency_limit, known.concurrency_options
        schema = self._parameter_openapi_schema.model_dump(exclude_unset=True)
        pairs: dict[str, tuple[object, object]] = {
            name.replace("_", " "): (getattr(known, name), getattr(self, name)) for name in _PLAIN
        }
        pairs |= {
            "path": (known.path, self._path),
            "pull steps": (known.pull_steps or [], []),
            "job variables": (known.job_variables, {}),
            "parameter schema": (known.parameter_openapi_schema, schema),
            "concurrency limit": (limit and limit.limit, self.concurrency_limit),
            "concurrency options": (
                options and options.collision_strategy,
                self.concurrency_options and self.concurrency_options.collision_strategy,
            ),
            "schedules": ([*map(_rule, known.schedules)], [*map(_rule, self.schedules or ())]),
        }
        return [name for name, (there, here) in pairs.items() if there != here]


def _rule(schedule: BaseModel) -> dict[str, Any]:
    """A schedule without its identity, and whether it is paused or not."""
    chosen = {"schedule", "parameters", "max_scheduled_runs"}
    return schedule.model_dump(mode="json", include=chosen)


def deployment(flow: Flow[..., Any], description: str, **arguments: Any) -> Deployment:
    """A deployment of a flow, see `prefect.Flow.to_deployment` for the arguments.

    Raises
    ------
    SetupError
        If its schedule is none.
    """
    try:
        made = Deployment.from_flow(flow, NAME, description=description, **arguments)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise SetupError(f"params.yaml: when to run {flow.name}: {reason}") from None
    assert isinstance(made, Deployment)
    return made
