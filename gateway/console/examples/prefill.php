<?php
// A whole client of the gateway in PHP (8.1, no extension): token, prefill, origin of each value, papers, a problem.
// MOTLAN_URL, MOTLAN_CLIENT and MOTLAN_SECRET say where and as whom; the sandbox is the default.

declare(strict_types=1);

const PERSON = ['personal_id' => '033190001234', 'full_name' => 'Trần Thị Mẫu', 'birth_date' => '1990-02-15'];

/** What the gateway could not do (RFC 9457): decide by `code`, show `detail_vi`; 429 and 503: wait `Retry-After`. */
final class Problem extends Exception
{
    public function __construct(public readonly array $answer)
    {
        parent::__construct($answer['code'] ?? $answer['error']); // a token is refused by `error` (RFC 6749)
    }
}

function setting(string $name, string $default): string
{
    return getenv($name) ?: $default;
}

function send(string $path, string $body, string $type, string $authorization): array
{
    $context = stream_context_create(['http' => [
        'method' => 'POST', 'content' => $body, 'timeout' => 15, 'ignore_errors' => true,
        'header' => ["Content-Type: $type", "Authorization: $authorization"],
    ]]);
    $stream = fopen(setting('MOTLAN_URL', 'http://127.0.0.1:8080') . $path, 'r', false, $context)
        ?: throw new RuntimeException('the gateway does not answer');
    $status = (int) explode(' ', stream_get_meta_data($stream)['wrapper_data'][0])[1];
    $answer = json_decode(stream_get_contents($stream), true, 32, JSON_THROW_ON_ERROR);
    return $status < 400 ? $answer : throw new Problem($answer);
}

/** Valid for some minutes: keep it, and ask for a new one when the gateway answers 401. */
function token(): string
{
    $who = setting('MOTLAN_CLIENT', 'portal') . ':' . setting('MOTLAN_SECRET', 'sandbox-only-portal');
    $form = http_build_query(['grant_type' => 'client_credentials']);
    $basic = 'Basic ' . base64_encode($who);
    return send('/oauth2/token', $form, 'application/x-www-form-urlencoded', $basic)['access_token'];
}

/** The filled form of procedure 1.004873. Personal ids are in bodies, never in an address. */
function prefill(string $bearer, array $person): array
{
    $subjects = ['requester' => $person, 'person' => ['same_as' => 'requester']];
    $asked = ['procedure' => '1.004873', 'subjects' => $subjects];
    return send('/v1/prefill', json_encode($asked, JSON_THROW_ON_ERROR), 'application/json', "Bearer $bearer");
}

/** Each field with its origin, then each paper. "unavailable" is not "not_found": say so to the citizen. */
function show(array $answer): void
{
    foreach ($answer['fields'] as $name => $field) {
        if ($field['state'] === 'filled') {
            $origin = $answer['evidence'][$field['evidence']];
            $locked = $field['editable'] ? '' : ', locked';
            echo "field $name: {$origin['provider']}, {$origin['fetched_at']}$locked\n";
        } else {
            echo "field $name: {$field['state']}\n";
        }
    }
    foreach ($answer['papers'] as $paper) {
        echo "paper {$paper['code']}: {$paper['state']}, {$paper['title']}\n";
    }
}

$bearer = token();
show(prefill($bearer, PERSON));
try {
    prefill($bearer, ['personal_id' => '12 digits are wanted'] + PERSON);
} catch (Problem $problem) {
    ['status' => $status, 'code' => $code, 'detail_vi' => $detail, 'exchange_id' => $reference] = $problem->answer;
    echo "problem $status $code: $detail ($reference)\n";
}
