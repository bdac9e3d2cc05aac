"""What keeps a run that was sent to the server from ever being started: Prefect lets it wait, and says nothing."""

from dataclasses import dataclass
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import WorkPool, WorkQueue


@dataclass(frozen=True)
class Obstacle:
    """Why runs wait, and the command that ends it; without a command it ends by itself."""

    subject: str
    fault: str
    remedy: str = ""

    def __str__(self) -> str:
        """`the pool gpu is paused: prefect work-pool resume gpu`."""
        return f"the {self.subject} {self.fault}{self.remedy and f': {self.remedy}'}"


def of_deployment(client: SyncPrefectClient, deployment_id: UUID) -> list[Obstacle]:
    """The obstacles to a run of that deployment."""
    deployment = client.read_deployment(deployment_id)
    if deployment.work_pool_name is None:
        return [Obstacle(f"deployment {deployment.name}", "has no pool any more", "gatehouse deploy")]
    return of_pool(client, deployment.work_pool_name, deployment.work_queue_name)


def of_pool(client: SyncPrefectClient, name: str, queue: str | None = None) -> list[Obstacle]:
    """The obstacles in the pool `name`, in `queue` (default: in any of its queues), and that no worker asks for work.

    Raises Prefect's `ObjectNotFound` if there is no such pool.
    """
    obstacles = _of(f"pool {name}", client.read_work_pool(name), "prefect work-pool {} " + name)
    for each in client.read_work_queues(work_pool_name=name):
        if queue in (None, each.name):
            command = f"prefect work-queue {{}} {each.name} --pool {name}"
            obstacles += _of(f"queue {each.name} of the pool {name}", each, command)
    if not online_workers(client, name):
        obstacles.append(Obstacle(f"pool {name}", "has no worker", f"gatehouse worker {name}"))
    return obstacles


def _of(subject: str, limited: WorkPool | WorkQueue, command: str) -> list[Obstacle]:
    if limited.is_paused:
        return [Obstacle(subject, "is paused", command.format("resume"))]
    if limited.concurrency_limit is None:
        return []
    if limited.concurrency_limit == 0:
        return [Obstacle(subject, "has a concurrency limit of 0", command.format("clear-concurrency-limit"))]
    full = (limited.active_slots or 0) >= limited.concurrency_limit
    return [Obstacle(subject, f"has reached its concurrency limit of {limited.concurrency_limit}")] if full else []


def online_workers(client: SyncPrefectClient, pool: str) -> list[str]:
    """The names of the workers of `pool` that have lately asked for work."""
    return [worker.name for worker in client.read_workers_for_work_pool(pool) if worker.status == "ONLINE"]
