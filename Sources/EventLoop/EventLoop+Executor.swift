/// A loop runs tasks that prefer it, each stretch of one between two suspensions like anything else that is submitted: on the loop's thread, in
/// the order of submission. Such tasks must neither block nor compute for long.
///
/// A handler that awaits a database thread then costs that thread's wake-up and the loop's, and none of the cooperative pool's.
extension EventLoop: TaskExecutor {
    /// Takes the next stretch of a task, from any thread. The concurrency runtime calls it.
    package func enqueue(_ job: consuming ExecutorJob) {
        submit(job: UnownedJob(job))
    }
}
