internal import Glibc

@main
struct Main {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == "bots" { exit(BotsCommand.run(Array(arguments.dropFirst()))) }
    }
}
