/// Elements in the order in which they were added or last touched, each reached by its handle.
///
/// All operations are O(1). Handles of removed elements are used again. It keeps the memory of as many elements as it ever had at a
/// time, until it is empty.
package struct RecencyList<Element> {
    fileprivate struct Place {
        var element: Element?
        /// Towards the oldest; ``nowhere`` at the end.
        var older = nowhere
        /// Towards the newest; of an empty place, the next empty one.
        var newer = nowhere
    }

    private static var nowhere: Int { -1 }

    private var places: ContiguousArray<Place> = []
    private var oldestPlace = nowhere
    private var newestPlace = nowhere
    private var emptyPlace = nowhere
    package private(set) var count = 0

    /// A list without elements.
    package init() {}

    package var isEmpty: Bool { count == 0 }

    /// The handle of the element that was touched longest ago.
    package var oldest: Int? { isEmpty ? nil : oldestPlace }

    /// One more than the greatest handle; for walks over all elements, which may be taken in parts.
    package var endHandle: Int { places.count }

    /// The element of a handle below ``endHandle``; nil when it was removed.
    package subscript(handle: Int) -> Element? { places[handle].element }

    /// Adds an element as the newest and returns its handle.
    package mutating func insert(_ element: Element) -> Int {
        let handle: Int
        if emptyPlace == Self.nowhere {
            handle = places.count
            places.append(Place(element: element))
        } else {
            handle = emptyPlace
            emptyPlace = places[handle].newer
            places[handle] = Place(element: element)
        }
        count += 1
        append(handle)
        return handle
    }

    /// Makes an element the newest.
    package mutating func touch(_ handle: Int) {
        guard handle != newestPlace else { return }
        detach(handle)
        append(handle)
    }

    /// Changes an element in place. Traps when it was removed.
    package mutating func update<R, E: Error>(
        _ handle: Int, _ body: (inout Element) throws(E) -> R
    ) throws(E) -> R {
        // Taken out meanwhile, so that it has one owner and is not copied.
        guard var element = places[handle].element.take() else { preconditionFailure("no element of this handle") }
        defer { places[handle].element = element }
        return try body(&element)
    }

    /// Takes an element out. Traps when it was removed before.
    @discardableResult
    package mutating func remove(_ handle: Int) -> Element {
        guard let element = places[handle].element.take() else { preconditionFailure("no element of this handle") }
        detach(handle)
        count -= 1
        if count == 0 {
            self = RecencyList()
        } else {
            places[handle].newer = emptyPlace
            emptyPlace = handle
        }
        return element
    }

    private mutating func append(_ handle: Int) {
        places[handle].older = newestPlace
        places[handle].newer = Self.nowhere
        if newestPlace == Self.nowhere { oldestPlace = handle } else { places[newestPlace].newer = handle }
        newestPlace = handle
    }

    private mutating func detach(_ handle: Int) {
        let (older, newer) = (places[handle].older, places[handle].newer)
        if older == Self.nowhere { oldestPlace = newer } else { places[older].newer = newer }
        if newer == Self.nowhere { newestPlace = older } else { places[newer].older = older }
    }
}

extension RecencyList: Sendable where Element: Sendable {}
extension RecencyList.Place: Sendable where Element: Sendable {}
