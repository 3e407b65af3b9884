export class ReplicaError extends Error {}
export class Replica {}
