#include "core/wire_messages.hpp"

#include <algorithm>
#include <type_traits>

namespace ordeal::wire {
namespace {

template <class T>
concept HasFields = requires(T& value) {
    T::fields(value, [](auto&&...) {});
};

/// The largest value of each enumeration on the wire.
constexpr ledger::Profile last_of(ledger::Profile) {
    return ledger::Profile::overwrite_direct;
}

constexpr LoadState last_of(LoadState) {
    return LoadState::failed;
}

constexpr LogLevel last_of(LogLevel) {
    return LogLevel::error;
}

class Writer {
  public:
    template <class... T>
    void operator()(const T&... values) {
        (put(values), ...);
    }

    [[nodiscard]] const Buffer& bytes() const { return bytes_; }

  private:
    template <class T>
    requires std::is_unsigned_v<T>

    void put(T value) {
        bytes_.resize(bytes_.size() + sizeof value);
        store_le(std::span(bytes_).last(sizeof value), value);
    }

    template <class T>
    requires std::is_enum_v<T>

    void put(T value) { put(static_cast<std::underlying_type_t<T>>(value)); }

    template <HasFields T>
    void put(const T& value) {
        T::fields(value, *this);
    }

    void put(Duration value) { put(static_cast<std::uint64_t>(value.count())); }

    void put(const std::string& text) {
        put(static_cast<std::uint32_t>(text.size()));
        const auto bytes = std::as_bytes(std::span(text));
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    }

    template <class A, class B>
    void put(const std::pair<A, B>& pair) {
        (*this)(pair.first, pair.second);
    }

    template <class T>
    void put(const std::vector<T>& list) {
        put(static_cast<std::uint32_t>(list.size()));
        for (const auto& item : list) {
            put(item);
        }
    }

    Buffer bytes_;
};

/// Reads what Writer wrote; after the first thing that does not fit it is not sound() any more
/// and yields zeroes.
class Reader {
  public:
    explicit Reader(ByteView bytes) : bytes_(bytes) {}

    template <class... T>
    void operator()(T&... values) {
        (get(values), ...);
    }

    [[nodiscard]] bool sound() const { return sound_; }

    [[nodiscard]] bool complete() const { return sound_ && bytes_.empty(); }

  private:
    ByteView take(std::size_t count) {
        sound_ = sound_ && count <= bytes_.size();
        if (!sound_) {
            return {};
        }
        const auto taken = bytes_.first(count);
        bytes_ = bytes_.subspan(count);
        return taken;
    }

    template <class T>
    requires std::is_unsigned_v<T>

    void get(T& value) {
        const auto bytes = take(sizeof value);
        value = bytes.empty() ? T{0} : load_le<T>(bytes);
    }

    template <class T>
    requires std::is_enum_v<T>

    void get(T& value) {
        std::underlying_type_t<T> number{};
        get(number);
        sound_ = sound_ && number <= static_cast<std::underlying_type_t<T>>(last_of(value));
        value = sound_ ? static_cast<T>(number) : T{};
    }

    template <HasFields T>
    void get(T& value) {
        T::fields(value, *this);
    }

    void get(Duration& value) {
        std::uint64_t count = 0;
        get(count);
        value = Duration(static_cast<std::int64_t>(count));
    }

    void get(std::string& text) {
        std::uint32_t size = 0;
        get(size);
        const auto bytes = take(size);
        text.resize(bytes.size());
        std::ranges::transform(
            bytes, text.begin(), [](std::byte b) { return static_cast<char>(b); });
    }

    template <class A, class B>
    void get(std::pair<A, B>& pair) {
        (*this)(pair.first, pair.second);
    }

    template <class T>
    void get(std::vector<T>& list) {
        std::uint32_t count = 0;
        get(count);
        // Grows only as far as bytes are really there, whatever the count claims.
        for (std::uint32_t i = 0; i < count && sound_; ++i) {
            get(list.emplace_back());
        }
    }

    ByteView bytes_;
    bool sound_ = true;
};

bool plausible(const auto&) {
    return true;
}

bool plausible(const Acknowledged& message) {
    return !message.sequences.empty() && message.sequences.size() <= max_acknowledged &&
           std::ranges::find(message.sequences, std::uint64_t{0}) == message.sequences.end();
}

/// Makes the alternative of `Message` with index `type`.
template <std::size_t Index = 0>
Result<Message> read_as(std::size_t type, ByteView payload) {
    const auto refuse = [type](std::string_view answer) {
        return fail(ErrorKind::corrupt,
                    "read a message of type " + std::to_string(type),
                    std::string(answer));
    };
    if constexpr (Index == std::variant_size_v<Message>) {
        return refuse("there is no such type");
    } else {
        if (type != Index) {
            return read_as<Index + 1>(type, payload);
        }
        Reader reader(payload);
        std::variant_alternative_t<Index, Message> message;
        reader(message);
        if (!reader.complete()) {
            return refuse(reader.sound() ? "it is longer than its fields"
                                         : "its fields do not fit");
        }
        if (!plausible(message)) {
            return refuse("its values cannot be");
        }
        return Message(std::move(message));
    }
}

}  // namespace

std::string_view name_of(LoadState state) {
    switch (state) {
        case LoadState::idle:
            return "idle";
        case LoadState::starting:
            return "starting";
        case LoadState::running:
            return "running";
        case LoadState::finished:
            return "finished";
        case LoadState::failed:
            return "failed";
    }
    return "failed";
}

Buffer encode(const Message& message, std::uint32_t sequence) {
    Writer writer;
    std::visit([&](const auto& m) { writer(m); }, message);
    return encode_frame(static_cast<std::uint8_t>(message.index()), sequence, writer.bytes());
}

Result<Message> decode(const Frame& frame) {
    return read_as(frame.type, frame.payload);
}

std::optional<MessageDecoder::Item> MessageDecoder::next() {
    auto item = frames_.next();
    if (!item) {
        return std::nullopt;
    }
    if (auto* problem = std::get_if<Problem>(&*item)) {
        return std::move(*problem);
    }
    auto message = decode(std::get<Frame>(*item));
    if (!message) {
        return Problem{ProblemKind::message, message.error().text()};
    }
    return *std::move(message);
}

}  // namespace ordeal::wire
